"""Which DestinationRule applies to a service, by Istio's lookup.

Istio looks in the client's namespace, then in the service's own, then in the root namespace. In
each of them an exact host takes precedence over a wildcard, and a longer wildcard over a shorter
one. Rules of one namespace for one host are merged: all subsets, and the first traffic policy.

Most namespaces have no rule for services outside of them, so for their clients the first step finds
nothing that the second would not find. They share one view, and everything computed for it: see
:func:`rule_view`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from straightway.api import DestinationRule
from straightway.api.destination_rule import Subset, TrafficPolicy
from straightway.catalog import keys
from straightway.documents import Reference
from straightway.routing.istio.services import hostname_of, resolve
from straightway.units import Reading

NO_RULE = ""


class View(NamedTuple):
    """What a class of proxies sees alike: services, with the rules and in the forms for them.

    ``home`` is the namespace whose rules come first (:func:`rule_view`). ``leaves_subsets``: the
    proxies can send a request elsewhere that its subset cannot answer.
    """

    home: str = ""
    leaves_subsets: bool = False


@dataclass(frozen=True, slots=True)
class MergedRule:
    """The DestinationRules of one namespace for one host (or wildcard), oldest first."""

    references: tuple[Reference, ...]
    traffic_policy: TrafficPolicy | None
    subsets: tuple[Subset, ...]

    def subset(self, name: str) -> Subset | None:
        """Return the subset with this name, or None."""
        return next((subset for subset in self.subsets if subset.name == name), None)


def rule_view(reading: Reading, namespace: str) -> str:
    """Return the namespace if its rules may apply to services outside of it, else ``""``.

    The root namespace has no view of its own: for proxies there, the service's rules come first.
    """
    if namespace == reading.root_namespace:
        return ""
    for reference in reading.objects(keys.rules_in(namespace)):
        rule = reading.object(DestinationRule, reference)
        if rule is not None and _reaches_outside(reading, rule, namespace):
            return namespace
    return ""


def _reaches_outside(reading: Reading, rule: DestinationRule, namespace: str) -> bool:
    host = rule.spec.host
    if host.startswith("*"):
        return True
    service = resolve(reading, host, namespace)
    return service is not None and service.namespace != namespace


def rule_home(reading: Reading, hostname: str, view: str) -> str:
    """Return the namespace whose rule applies to a service in a view; ``""`` if none does."""
    service = reading.service(hostname)
    of_service = (service.namespace,) if service is not None else ()
    namespaces: tuple[str, ...] = (view, *of_service, reading.root_namespace)
    for namespace in dict.fromkeys(namespaces):
        if namespace and reading.make(rule_in, namespace, hostname) is not None:
            return namespace
    return NO_RULE


def rule_in(reading: Reading, namespace: str, hostname: str) -> MergedRule | None:
    """Return the rules of a namespace for a service, or None."""
    found = [
        rule
        for reference in reading.objects(keys.rules_for(namespace, hostname))
        if (rule := reading.object(DestinationRule, reference)) is not None
        and hostname_of(reading, rule.spec.host, namespace) == hostname
    ]
    return _merged(found or _longest_wildcard(reading, namespace, hostname))


def _longest_wildcard(reading: Reading, namespace: str, hostname: str) -> list[DestinationRule]:
    covering = [
        rule
        for reference in reading.objects(keys.wildcard_rules(namespace))
        if (rule := reading.object(DestinationRule, reference)) is not None
        and hostname.endswith(rule.spec.host[1:])
    ]
    longest = max((len(rule.spec.host) for rule in covering), default=0)
    return [rule for rule in covering if len(rule.spec.host) == longest]


def _merged(rules: list[DestinationRule]) -> MergedRule | None:
    if not rules:
        return None
    subsets: dict[str, Subset] = {}
    for rule in rules:
        for subset in rule.spec.subsets:
            subsets.setdefault(subset.name, subset)
    policies = (rule.spec.traffic_policy for rule in rules)
    return MergedRule(
        references=tuple(rule.reference for rule in rules),
        traffic_policy=next((policy for policy in policies if policy is not None), None),
        subsets=tuple(subsets.values()),
    )
