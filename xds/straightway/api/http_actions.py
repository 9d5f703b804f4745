"""What can happen to a request: redirect, direct response, rewrite, retry."""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import AfterValidator

from straightway.api.checked import Checked, Says
from straightway.api.codes import Code
from straightway.api.durations import PositiveDuration
from straightway.api.faults import Fault, wrong
from straightway.api.model import CheckedModel, Model, Untranslated
from straightway.api.texts import one_of, quoted, shown
from straightway.api.values import Authority, Base64, Count, Int, Path, Port, within

_REDIRECT_CODES = (301, 302, 303, 307, 308)
_LONGEST_BODY = 4096  # Envoy's max_direct_response_body_size_bytes


def _check_redirect_code(value: int) -> int:
    if value in _REDIRECT_CODES:
        return value
    allowed = one_of(*map(str, _REDIRECT_CODES))
    raise wrong(Code.UNKNOWN_VALUE, f"{shown(value)} is not a redirect status: write {allowed}.")


class Redirect(CheckedModel):
    """A redirect. ``uri`` replaces the whole path."""

    uri: Path | None = None
    """The path to redirect to; it replaces the whole path."""
    authority: Authority | None = None
    """The host to redirect to."""
    scheme: Literal["http", "https"] | None = None
    """The scheme to redirect to."""
    port: Port | None = None
    """The port to redirect to."""
    redirect_code: Annotated[Int, Checked(_check_redirect_code, enum=_REDIRECT_CODES)] = 301
    """The status of the response; 301 without it."""
    derive_port: Annotated[None, Untranslated("the redirect keeps the request's port")] = None

    def faults(self) -> Iterable[Fault]:
        """Yield what is wrong between the fields."""
        if not self.model_fields_set - {"redirect_code"}:
            message = "This redirect leads to the same place: write uri, authority, scheme or port."
            yield Fault(Code.MISSING_FIELD, message)


class Body(CheckedModel):
    """The body of a direct response, at most 4,096 bytes: text, or base64 as ``bytes``."""

    string: Annotated[str, Says(maxLength=_LONGEST_BODY)] | None = None
    """The body as text; write this or `bytes`."""
    bytes: Base64 | None = None
    """The body in base64."""

    @property
    def content(self) -> builtins.bytes:
        """The body as it is sent."""
        if self.string is not None:
            return self.string.encode()
        return self.bytes or b""

    def faults(self) -> Iterable[Fault]:
        """Yield what is wrong between the fields."""
        if self.string is not None and self.bytes is not None:
            message = "Write either string or bytes, not both."
            yield Fault(Code.CONFLICTING_FIELDS, message, ("bytes",))
        if len(self.content) > _LONGEST_BODY:
            message = f"Envoy answers with at most {_LONGEST_BODY:,} bytes: shorten this body."
            yield Fault(Code.OUT_OF_RANGE, message)


class DirectResponse(Model):
    """A response from Envoy itself."""

    status: Annotated[Int, within(200, 599, what="a status that Envoy can answer with")]
    """The status of the response."""
    body: Body | None = None
    """The body of the response, at most 4,096 bytes."""


class Rewrite(CheckedModel):
    """Rewrites the request. ``uri`` replaces the matched prefix, or the whole path."""

    uri: Path | None = None
    """Replaces the prefix that was matched, or else the whole path."""
    authority: Authority | None = None
    """Replaces the host."""
    uri_regex_rewrite: Annotated[None, Untranslated("the path stays as it is")] = None

    def faults(self) -> Iterable[Fault]:
        """Yield what is wrong between the fields."""
        if not self.model_fields_set:
            yield Fault(Code.MISSING_FIELD, "This rewrites nothing: write uri or authority.")


_RETRY_ON = frozenset(
    {
        "5xx",
        "cancelled",
        "connect-failure",
        "deadline-exceeded",
        "envoy-ratelimited",
        "gateway-error",
        "http3-post-connect-failure",
        "internal",
        "refused-stream",
        "reset",
        "reset-before-request",
        "resource-exhausted",
        "retriable-4xx",
        "retriable-headers",
        "retriable-status-codes",
        "unavailable",
    }
)


def _check_retry_on(value: str) -> str:
    for condition in filter(None, (part.strip() for part in value.split(","))):
        status = int(condition) if condition.isdecimal() and len(condition) == 3 else 0
        if condition not in _RETRY_ON and not 100 <= status <= 599:
            message = (
                f"{quoted(condition)} is not a retry condition: write conditions such as 5xx, "
                "connect-failure or unavailable, or status codes, separated by commas."
            )
            raise wrong(Code.UNKNOWN_VALUE, message)
    return value


RetryOn = Annotated[str, AfterValidator(_check_retry_on)]
"""Conditions of Envoy's x-envoy-retry-on and status codes, separated by commas."""


class Retries(Model):
    """Retries of failed requests. ``retry_on`` is Envoy's x-envoy-retry-on, "" the default."""

    attempts: Count = 0
    """How often a request is tried again; 0: never."""
    per_try_timeout: PositiveDuration | None = None
    """How long one try may take."""
    retry_on: RetryOn = ""
    """The conditions for a retry, separated by commas: Envoy's `x-envoy-retry-on` and status codes,
    such as `connect-failure,unavailable,503`.
    """
    backoff: PositiveDuration | None = None
    """The shortest time between two tries."""
    retry_remote_localities: Annotated[
        None, Untranslated("retries may go to any locality", (False,))
    ] = None
    retry_ignore_previous_hosts: Annotated[
        None, Untranslated("a retry goes to another host if there is one", (True,))
    ] = None
