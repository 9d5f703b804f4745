"""dynamicSubset: groups endpoints by their labels, and says what to do if a subset is empty."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, Field

from straightway.api.checked import Says
from straightway.api.codes import Code
from straightway.api.durations import PositiveDuration
from straightway.api.faults import Fault, wrong
from straightway.api.http_actions import RetryOn
from straightway.api.model import CheckedModel, Model
from straightway.api.on_missing import Loader, OnMissing
from straightway.api.texts import one_of, quoted
from straightway.api.values import Int, within

MOST_RETRIES = 15
"""As many attempts as a request may make after the first; a cluster lists where each goes."""


class FallbackPolicy(StrEnum):
    """Where a request goes whose subset has no endpoint (Envoy: ``LbSubsetConfig``)."""

    ANY_ENDPOINT = "ANY_ENDPOINT"
    NO_FALLBACK = "NO_FALLBACK"
    DEFAULT_SUBSET = "DEFAULT_SUBSET"


def _check_policy(value: object) -> object:
    if isinstance(value, str) and value in FallbackPolicy.__members__:
        return value
    message = f"{quoted(value)} is not a fallback policy: write {one_of(*FallbackPolicy)}."
    raise wrong(Code.UNKNOWN_FALLBACK_POLICY, message)


Policy = Annotated[FallbackPolicy, BeforeValidator(_check_policy)]


class SubsetSelector(Model):
    """Puts endpoints with the same values of all ``keys`` into one subset.

    ``fallback_policy`` applies to requests that carry all of these keys.
    """

    keys: tuple[Annotated[str, Says(minLength=1)], ...] = ()
    """The keys: endpoint labels. A request uses the selector if it carries a value for each of them
    and for no other key.
    """
    fallback_policy: Policy = FallbackPolicy.NO_FALLBACK
    """Where a request with all these keys goes if no endpoint has its values: ANY_ENDPOINT,
    NO_FALLBACK (a 503, the default) or DEFAULT_SUBSET.
    """
    on_missing: OnMissing | None = None
    """Instead, for Envoys since 1.40: an answer that says so, or another service. For older ones
    `fallbackPolicy` counts.
    """


class SubsetRetries(Model):
    """What happens to a request whose subset cannot answer it, where the policy is ANY_ENDPOINT.

    It is tried once more in its subset, then at any endpoint, within the route's timeout. Repeated
    is only what no endpoint may have begun to work on, and what ``also`` names.
    """

    attempts: Annotated[Int, within(0, MOST_RETRIES, what="a number of retries")] = 7
    """How often a request is tried again, the first time in its subset and then at any endpoint;
    0: never, and it stays in its subset. 7 without it.
    """
    also: RetryOn = ""
    """Conditions under which a request is repeated though an endpoint may have begun to work on it,
    as in `retryOn` of a VirtualService: `reset,503`.
    """
    per_try_timeout: PositiveDuration | None = None
    """How long one try may take. A try that takes longer is repeated only if `also` has `reset`,
    `gateway-error` or `5xx`.
    """


class DynamicSubset(CheckedModel):
    """The subsets of a host's endpoints.

    ``fallback_policy`` applies to requests that carry none of the keys, or keys that no selector
    has; None leaves the choice to the translation. ``default_subset`` (label: value) is where
    DEFAULT_SUBSET sends requests.
    """

    subset_selectors: tuple[SubsetSelector, ...] = ()
    """Each divides the endpoints by its keys, into one subset for each combination of values."""
    fallback_policy: Policy | None = None
    """Where a request goes that carries no key, or a set of keys that no selector has: ANY_ENDPOINT
    (the default), NO_FALLBACK or DEFAULT_SUBSET.
    """
    default_subset: dict[str, str] = Field(default_factory=dict)
    """Label → value of the endpoints that DEFAULT_SUBSET means."""
    retries: SubsetRetries = SubsetRetries()
    """Whether and when a request leaves a subset that cannot answer it; needs ANY_ENDPOINT."""

    @property
    def keys(self) -> frozenset[str]:
        """Every key that some selector names."""
        return frozenset(key for selector in self.subset_selectors for key in selector.keys)

    @property
    def loader(self) -> Loader | None:
        """The service for what no endpoint has, or None."""
        found = (each.on_missing for each in self.subset_selectors)
        return next((each.loader for each in found if each is not None and each.loader), None)

    def faults(self) -> Iterable[Fault]:
        """Yield what is wrong between the selectors."""
        yield from self._loader_faults()
        if not self.subset_selectors:
            message = "Without selectors there are no subsets: add one with its keys."
            yield Fault(Code.NO_SELECTORS, message, ("subsetSelectors",))
        seen: dict[frozenset[str], int] = {}
        for index, selector in enumerate(self.subset_selectors):
            at = ("subsetSelectors", index, "keys")
            yield from _key_faults(selector.keys, at)
            first = seen.setdefault(frozenset(selector.keys), index)
            if first != index and selector.keys:
                message = f"Selector {first} has the same keys: remove one of the two."
                yield Fault(Code.DUPLICATE_SELECTOR, message, at)
        policies = {self.fallback_policy, *(each.fallback_policy for each in self.subset_selectors)}
        if FallbackPolicy.DEFAULT_SUBSET in policies and not self.default_subset:
            message = (
                "DEFAULT_SUBSET needs a subset to fall back to: write defaultSubset beside "
                "subsetSelectors, with labels and values such as {version: v1}."
            )
            yield Fault(Code.DEFAULT_SUBSET_MISSING, message, ("defaultSubset",))

    def _loader_faults(self) -> Iterable[Fault]:
        for index, selector in enumerate(self.subset_selectors):
            named = selector.on_missing.loader if selector.on_missing is not None else None
            if named != self.loader:
                # A proxy cannot tell by which selector a request found no endpoint.
                message = "Requests of all selectors go to the loader: write the same for each."
                at = ("subsetSelectors", index, "onMissing")
                yield Fault(Code.CONFLICTING_FIELDS, message, at)


def _key_faults(keys: tuple[str, ...], at: tuple[str | int, ...]) -> Iterable[Fault]:
    if not keys:
        message = "Without keys there are no subsets: name at least one endpoint label."
        yield Fault(Code.NO_SUBSET_KEYS, message, at)
    seen: set[str] = set()
    for index, key in enumerate(keys):
        if not key:
            message = "This key is empty: write the name of an endpoint label."
            yield Fault(Code.EMPTY_SUBSET_KEY, message, (*at, index))
        elif key in seen:
            message = f"The key {quoted(key)} is listed twice: remove one."
            yield Fault(Code.DUPLICATE_SUBSET_KEY, message, (*at, index))
        seen.add(key)
