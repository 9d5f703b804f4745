"""Loaders that DestinationRules name: services and ports that do not exist."""

from __future__ import annotations

from collections.abc import Iterator

from straightway.api import DestinationRule
from straightway.api.destination_rule import TrafficPolicy
from straightway.api.dynamic_subset import SubsetSelector
from straightway.catalog import CatalogCode
from straightway.checks.suggestions import Path, unknown_host
from straightway.documents import Finding
from straightway.routing.istio.services import resolve
from straightway.units import Reading

_SUBSET = ("loadBalancer", "dynamicSubset")


def check_loaders(reading: Reading, rule: DestinationRule) -> Iterator[Finding]:
    """Yield what is wrong with the loaders of a rule and of its named subsets."""
    for path, selector in _selectors(rule):
        yield from _check(reading, rule, selector, (*path, "onMissing", "loader"))


def _selectors(rule: DestinationRule) -> Iterator[tuple[Path, SubsetSelector]]:
    yield from _of_policy(rule.spec.traffic_policy, ("spec", "trafficPolicy"))
    for index, subset in enumerate(rule.spec.subsets):
        path = ("spec", "subsets", index, "trafficPolicy")
        yield from _of_policy(subset.traffic_policy, path)


def _of_policy(policy: TrafficPolicy | None, path: Path) -> Iterator[tuple[Path, SubsetSelector]]:
    balancer = policy.load_balancer if policy is not None else None
    subsets = balancer.dynamic_subset if balancer is not None else None
    for index, selector in enumerate(subsets.subset_selectors if subsets is not None else ()):
        yield (*path, *_SUBSET, "subsetSelectors", index), selector


def _check(
    reading: Reading, rule: DestinationRule, selector: SubsetSelector, path: Path
) -> Iterator[Finding]:
    loader = selector.on_missing.loader if selector.on_missing is not None else None
    if loader is None:
        return
    subject = rule.reference
    service = resolve(reading, loader.host, subject.namespace)
    if service is None:
        yield unknown_host(reading, subject, (*path, "host"), loader.host)
        return
    numbers = [port.number for port in service.ports]
    known = ", ".join(map(str, numbers)) or "none"
    pool = resolve(reading, rule.spec.host, subject.namespace)
    called = {port.number for port in pool.ports} if pool is not None else set()
    if loader.port is None and len(numbers) != 1 and called.isdisjoint(numbers):
        message = f"{service.hostname} has the ports {known}: choose one with port.number."
        yield Finding(subject, path, CatalogCode.UNKNOWN_PORT, message)
    elif loader.port is not None and loader.port.number not in numbers:
        message = f"{service.hostname} has no port {loader.port.number}; its ports: {known}."
        yield Finding(subject, (*path, "port", "number"), CatalogCode.UNKNOWN_PORT, message)
