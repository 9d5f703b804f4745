"""Destinations: from what a route names to the cluster that it goes to.

Collects the clusters that routes use, so that a gateway is sent these and no others.
"""

from __future__ import annotations

from straightway.api.load_balancer import ConsistentHash
from straightway.api.virtual_service import Destination
from straightway.catalog import Catalog
from straightway.catalog.services import RegisteredService, ServicePort
from straightway.translate import names
from straightway.translate.clusters import ClusterPlan


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

    def cluster(self, destination: Destination, namespace: str) -> str:
        """Return the cluster of a destination, named in an object of ``namespace``.

        A destination that does not exist answers 503: it gets the cluster without endpoints.
        """
        plan = self.plan(destination, namespace)
        return self._add(plan).name if plan else names.BLACK_HOLE_CLUSTER

    def default_cluster(self, service: RegisteredService, port: ServicePort) -> str:
        """Return the cluster of a service's port for requests that no VirtualService routes."""
        rule = self._catalog.rules.of(service, self._client_namespace)
        return self._add(ClusterPlan(service, port, rule)).name

    def consistent_hash(self, cluster: str) -> ConsistentHash | None:
        """Return by what the cluster's load balancer hashes requests, None if it does not."""
        plan = self.plans.get(cluster)
        balancer = plan.policy.load_balancer if plan else None
        return balancer.consistent_hash if balancer else None

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
