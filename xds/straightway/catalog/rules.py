"""Which DestinationRule applies to a service, and what it says for a subset.

Istio looks in the client's namespace first, then in the service's own; an exact host goes before a
wildcard, a longer wildcard before a shorter one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from straightway.api import DestinationRule
from straightway.api.destination_rule import Subset, TrafficPolicy
from straightway.catalog.services import RegisteredService, candidate_hostnames


def hostname_of(rule: DestinationRule, services: Mapping[str, RegisteredService]) -> str:
    """Return the hostname (or wildcard) that a rule means, known or not."""
    candidates = list(candidate_hostnames(rule.spec.host, rule.metadata.namespace))
    return next((name for name in candidates if name in services), candidates[0])


def policy_of(rule: DestinationRule | None, subset: Subset | None) -> TrafficPolicy:
    """Return the policy in force for a rule's subset: what it does not set comes from the rule."""
    general = rule.spec.traffic_policy if rule else None
    own = subset.traffic_policy if subset else None
    if own is None or general is None:
        return own or general or TrafficPolicy()
    return general.model_copy(update={name: getattr(own, name) for name in own.model_fields_set})


def subset_of(rule: DestinationRule | None, name: str) -> Subset | None:
    """Return a rule's subset, or None where there is none of this name."""
    subsets = rule.spec.subsets if rule else ()
    return next((subset for subset in subsets if subset.name == name), None)


class Rules:
    """The DestinationRules by namespace and host.

    ``rules`` come in order of precedence; of two in one namespace for one host the first is in
    force, ``shadowed`` pairs the others with it.
    """

    def __init__(
        self, rules: Iterable[DestinationRule], services: Mapping[str, RegisteredService]
    ) -> None:
        self._exact: dict[tuple[str, str], DestinationRule] = {}
        self._wildcards: dict[str, list[tuple[str, DestinationRule]]] = {}
        self.shadowed: list[tuple[DestinationRule, DestinationRule]] = []
        for rule in rules:
            self._add(rule, hostname_of(rule, services))
        for found in self._wildcards.values():
            found.sort(key=lambda item: -len(item[0]))

    def _add(self, rule: DestinationRule, hostname: str) -> None:
        key = (rule.metadata.namespace, hostname)
        first = self._exact.setdefault(key, rule)
        if first is not rule:
            self.shadowed.append((rule, first))
        elif hostname.startswith("*"):
            self._wildcards.setdefault(key[0], []).append((hostname[1:], rule))

    def __iter__(self) -> Iterator[DestinationRule]:
        """Iterate over the rules that are in force."""
        return iter(self._exact.values())

    def of(self, service: RegisteredService, client_namespace: str) -> DestinationRule | None:
        """Return the rule for requests from ``client_namespace`` to a service, or None."""
        for namespace in (client_namespace, service.namespace):
            exact = self._exact.get((namespace, service.hostname))
            if exact is not None:
                return exact
            for suffix, rule in self._wildcards.get(namespace, ()):
                if service.hostname.endswith(suffix):
                    return rule
        return None
