"""Destinations: from what a route names to the cluster that it goes to.

Collects the clusters that routes use, so that a gateway is sent these and no others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from straightway.api import DestinationRule
from straightway.api.destination_rule import Subset
from straightway.api.values import is_ip
from straightway.api.virtual_service import Destination
from straightway.catalog import Catalog
from straightway.catalog.endpoints import Endpoint as FoundEndpoint
from straightway.catalog.holdings import subset_values
from straightway.catalog.rules import subset_of
from straightway.catalog.services import RegisteredService, ServicePort
from straightway.routing.clusters import Cluster, Endpoint, Resolution
from straightway.routing.istio import Target, policy_of
from straightway.translate import names
from straightway.translate.clusters import Message, cluster
from straightway.translate.endpoints import assignment, encode_endpoint


@dataclass(frozen=True, slots=True, eq=False)
class ClusterPlan:
    """All that one cluster is made of.

    ``rule`` is the DestinationRule in force, ``subset`` the name of one of its subsets or empty.
    """

    service: RegisteredService
    port: ServicePort
    rule: DestinationRule | None
    subset: str = ""

    @property
    def name(self) -> str:
        """The cluster's name."""
        return names.outbound_cluster(self.service.hostname, self.port.number, self.subset)

    @property
    def cluster(self) -> Cluster:
        """The cluster itself."""
        general = self.rule.spec.traffic_policy if self.rule else None
        named = self.named_subset
        return Cluster(
            name=self.name,
            resolution=Resolution(self.service.resolution.value),
            is_http=self.port.protocol.is_http,
            speaks_http2=self.port.speaks_http2,
            policy=policy_of(general, named.traffic_policy if named else None),
        )

    @property
    def uses_eds(self) -> bool:
        """Whether Envoy gets the endpoints by EDS."""
        return self.cluster.found_by is Resolution.STATIC

    def same_as(self, other: ClusterPlan) -> bool:
        """Whether both plans certainly give the same cluster (the objects are frozen)."""
        return (
            self.rule is other.rule
            and self.subset == other.subset
            and self.port == other.port
            and self.service == other.service
        )

    @property
    def named_subset(self) -> Subset | None:
        """The DestinationRule's subset that the cluster is for."""
        return subset_of(self.rule, self.subset)


def build_cluster(plan: ClusterPlan, endpoints: Iterable[FoundEndpoint]) -> Message:
    """Return the cluster of a plan; ``endpoints`` are used where they are found by DNS."""
    value = plan.cluster
    return cluster(value, _members(plan, value, endpoints))


def plan_assignment(plan: ClusterPlan, endpoints: Iterable[FoundEndpoint]) -> bytes:
    """Return the encoded ClusterLoadAssignment of a plan.

    EDS takes IP addresses only: endpoints with any other are left out.
    """
    value = plan.cluster
    usable = (each for each in endpoints if is_ip(each.address))
    members = _members(plan, value, usable)
    return assignment(value.name, ((each.locality, encode_endpoint(each)) for each in members))


def _members(
    plan: ClusterPlan, value: Cluster, endpoints: Iterable[FoundEndpoint]
) -> Iterator[Endpoint]:
    keys = value.subset_keys
    named = plan.named_subset
    labels = named.labels if named else {}
    for found in endpoints:
        if labels and any(found.labels.get(key) != text for key, text in labels.items()):
            continue
        values = ((key, subset_values(key, found.labels, found.annotations)) for key in keys)
        yield Endpoint(
            found.address,
            found.port,
            found.weight,
            found.locality,
            tuple(each for each in values if each[1]),
        )


class Destinations:
    """Finds clusters as one namespace's proxies see them; ``plans`` are those in use, by name."""

    def __init__(self, catalog: Catalog, client_namespace: str) -> None:
        self._catalog = catalog
        self._client_namespace = client_namespace
        self.plans: dict[str, ClusterPlan] = {}

    def add_service(self, service: RegisteredService) -> None:
        """Use all clusters of a service."""
        rule = self._catalog.rules.of(service, self._client_namespace)
        for port in service.ports:
            for subset in ("", *(subset.name for subset in (rule.spec.subsets if rule else ()))):
                self._add(ClusterPlan(service, port, rule, subset))

    def target(self, destination: Destination, namespace: str) -> Target:
        """Return the cluster of a destination, named in an object of ``namespace``.

        A destination that does not exist answers 503: it gets the cluster without endpoints.
        """
        plan = self.plan(destination, namespace)
        if plan is None:
            return Target(names.BLACK_HOLE_CLUSTER)
        return Target(self._add(plan).name, plan.cluster.policy.hash_on)

    def default_cluster(self, service: RegisteredService, port: ServicePort) -> str:
        """Return the cluster of a service's port for requests that no VirtualService routes."""
        rule = self._catalog.rules.of(service, self._client_namespace)
        return self._add(ClusterPlan(service, port, rule)).name

    def plan(self, destination: Destination, namespace: str) -> ClusterPlan | None:
        """Return the plan of a destination, or None where service, port or subset do not exist."""
        service = self._catalog.resolve(destination.host, namespace)
        if service is None:
            return None
        if destination.port is not None:
            port = service.port(destination.port.number)
        else:
            port = service.ports[0] if len(service.ports) == 1 else None
        if port is None:
            return None
        rule = self._catalog.rules.of(service, self._client_namespace)
        plan = ClusterPlan(service, port, rule, destination.subset or "")
        return None if plan.subset and plan.named_subset is None else plan

    def _add(self, plan: ClusterPlan) -> ClusterPlan:
        return self.plans.setdefault(plan.name, plan)
