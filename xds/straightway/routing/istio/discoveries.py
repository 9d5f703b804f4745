"""Discoveries: which service a ModelDiscovery means, and which subset key it fills."""

from __future__ import annotations

from straightway.api import ModelDiscovery
from straightway.catalog import RegisteredService
from straightway.documents import Reference
from straightway.routing.istio.rules import rule_home, rule_in
from straightway.routing.istio.services import resolve
from straightway.units import Reading


def service_of(reading: Reading, discovery: ModelDiscovery) -> RegisteredService | None:
    """Return the service that a ModelDiscovery names, if it is one of its own namespace.

    What is asked of the runtimes of a service decides where its requests go, so that is not for
    others to say.
    """
    namespace, name = discovery.metadata.namespace, discovery.spec.service
    found = resolve(reading, name, namespace) if name else None
    return found if found is not None and found.namespace == namespace else None


def subset_key(reading: Reading, discovery: Reference) -> str:
    """Return the subset key that a ModelDiscovery fills, "" if it is not known."""
    found = reading.object(ModelDiscovery, discovery)
    if found is None or found.spec.key:
        return found.spec.key or "" if found is not None else ""
    service = service_of(reading, found)
    known = reading.make(subset_keys_of, service.hostname) if service is not None else ()
    return known[0] if len(known) == 1 else ""


def subset_keys_of(reading: Reading, hostname: str) -> tuple[str, ...]:
    """Return the dynamic subset keys of a service's own DestinationRule, sorted."""
    home = reading.make(rule_home, hostname, "")
    rule = reading.make(rule_in, home, hostname) if home else None
    policy = rule.traffic_policy if rule is not None else None
    balancer = policy.load_balancer if policy is not None else None
    subset = balancer.dynamic_subset if balancer is not None else None
    return tuple(sorted(subset.keys)) if subset is not None else ()
