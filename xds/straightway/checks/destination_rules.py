"""DestinationRules: hosts that do not exist, and what another rule for the host hides."""

from __future__ import annotations

from collections.abc import Iterator

from straightway.api import DestinationRule
from straightway.catalog import CatalogCode, Resolution, keys
from straightway.checks.aliases import check_rule_host
from straightway.checks.loaders import check_loaders
from straightway.checks.suggestions import unknown_host
from straightway.documents import Finding, Reference
from straightway.routing.istio.services import hostname_of, resolve
from straightway.units import Reading


def check_destination_rule(reading: Reading, reference: Reference) -> Iterator[Finding]:
    """Yield everything that is wrong between a DestinationRule and the other objects."""
    rule = reading.object(DestinationRule, reference)
    if rule is None:
        return
    yield from _check_older_rules(reading, rule)
    yield from check_loaders(reading, rule)
    host = rule.spec.host
    if host.startswith("*"):
        return
    yield from check_rule_host(reading, reference, ("spec", "host"), host)
    service = resolve(reading, host, reference.namespace)
    if service is None:
        yield unknown_host(reading, reference, ("spec", "host"), host)
    elif service.resolution is Resolution.NONE and _has_dynamic_subset(rule):
        message = (
            f"{service.hostname} has resolution NONE, so there are no endpoints to choose "
            "from and no subsets: give it resolution STATIC or DNS, and endpoints."
        )
        path = ("spec", "trafficPolicy", "loadBalancer", "dynamicSubset")
        yield Finding(reference, path, CatalogCode.SUBSETS_WITHOUT_ENDPOINTS, message)


def _check_older_rules(reading: Reading, rule: DestinationRule) -> Iterator[Finding]:
    """Report the parts of a rule that an older rule for the host overrides."""
    subsets: dict[str, Reference] = {}
    policy: Reference | None = None
    for older in _older_rules(reading, rule):
        for subset in older.spec.subsets:
            subsets.setdefault(subset.name, older.reference)
        if policy is None and older.spec.traffic_policy is not None:
            policy = older.reference
    code = CatalogCode.DUPLICATE_DESTINATION_RULE
    if policy is not None and rule.spec.traffic_policy is not None:
        message = (
            f"{policy} is for the same host, and its trafficPolicy is in force. "
            "Write the trafficPolicy in only one of the two."
        )
        yield Finding(rule.reference, ("spec", "trafficPolicy"), code, message)
    for index, subset in enumerate(rule.spec.subsets):
        if subset.name in subsets:
            message = (
                f'{subsets[subset.name]} has a subset "{subset.name}" for the same host, and that '
                "one is in force. Rename this one."
            )
            yield Finding(rule.reference, ("spec", "subsets", index, "name"), code, message)


def _older_rules(reading: Reading, rule: DestinationRule) -> Iterator[DestinationRule]:
    namespace = rule.metadata.namespace
    hostname = hostname_of(reading, rule.spec.host, namespace)
    for reference in reading.objects(keys.rules_for(namespace, hostname)):
        if reference == rule.reference:
            return
        older = reading.object(DestinationRule, reference)
        if older is not None and hostname_of(reading, older.spec.host, namespace) == hostname:
            yield older


def _has_dynamic_subset(rule: DestinationRule) -> bool:
    policy = rule.spec.traffic_policy
    balancer = policy.load_balancer if policy is not None else None
    return balancer is not None and balancer.dynamic_subset is not None
