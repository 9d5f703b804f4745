"""Snapshots: everything that one audience is sent, encoded.

A cluster that did not change is not built again, and a change of endpoints encodes the assignments
of the services concerned and nothing else. The version of a resource is a digest of its bytes, so
the same config has the same versions on every replica and after every restart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from straightway.catalog import Catalog, Impact
from straightway.discovery import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    ROUTE_CONFIGURATION,
    Resource,
)
from straightway.documents import Reference
from straightway.proxies.audience import Audience, Role
from straightway.translate.destinations import ClusterPlan, build_cluster, plan_assignment
from straightway.translate.gateway import gateway_config
from straightway.translate.listeners import Listener
from straightway.translate.proxy_config import ProxyConfig
from straightway.translate.routes import RouteConfiguration
from straightway.translate.sidecar import sidecar_config


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """One audience's resources by type URL and name.

    ``plans`` are its clusters with EDS by the hostname of their service; ``sources`` names the
    objects that a resource was made from, by the resource's name.
    """

    resources: Mapping[str, Mapping[str, Resource]]
    plans: Mapping[str, list[ClusterPlan]] = field(repr=False)
    sources: Mapping[str, frozenset[Reference]] = field(repr=False)

    @property
    def listens(self) -> bool:
        """Whether the audience has any listener; without one its proxies serve nothing."""
        return bool(self.resources[LISTENER])

    def origins(self, name: str) -> frozenset[Reference]:
        """Return the objects that a resource was made from; none where that is not known."""
        return self.sources.get(name, frozenset())


class Encoder:
    """Makes snapshots, and remembers the clusters and assignments that it made before.

    Audiences share them: they depend on the service and the DestinationRule alone.
    """

    def __init__(self) -> None:
        self._clusters: dict[str, dict[str, tuple[ClusterPlan, Resource]]] = {}
        self._assignments: dict[str, dict[str, tuple[ClusterPlan, Resource]]] = {}

    def forget(self, impact: Impact, catalog: Catalog) -> None:
        """Forget what a change made stale: call it before the snapshots of the new catalog."""
        for hostname in impact.endpoints:
            self._assignments.pop(hostname, None)
            if hostname not in catalog.services:
                self._clusters.pop(hostname, None)

    def snapshot(self, catalog: Catalog, audience: Audience) -> Snapshot:
        """Translate and encode all that an audience is sent."""
        translate = gateway_config if audience.role is Role.GATEWAY else sidecar_config
        config = translate(catalog, audience)
        clusters = [self._cluster(catalog, plan) for plan in config.plans.values()]
        clusters += [Resource.of(cluster.name, cluster) for cluster in config.static_clusters]
        plans: dict[str, list[ClusterPlan]] = {}
        for plan in config.plans.values():
            if plan.uses_eds:
                plans.setdefault(plan.service.hostname, []).append(plan)
        resources = {
            CLUSTER: {resource.name: resource for resource in clusters},
            CLUSTER_LOAD_ASSIGNMENT: self._all_assignments(catalog, plans),
            LISTENER: _encoded(config.listeners),
            ROUTE_CONFIGURATION: _encoded(config.routes),
        }
        return Snapshot(resources, plans, _sources(config))

    def assignments(
        self, catalog: Catalog, snapshot: Snapshot, hostnames: Iterable[str]
    ) -> list[Resource]:
        """Return the assignments of those services that a snapshot has, as they are now."""
        return [
            self._assignment(catalog, plan)
            for hostname in hostnames
            for plan in snapshot.plans.get(hostname, ())
        ]

    def _all_assignments(
        self, catalog: Catalog, plans: Mapping[str, list[ClusterPlan]]
    ) -> dict[str, Resource]:
        made = (self._assignment(catalog, plan) for of_host in plans.values() for plan in of_host)
        return {resource.name: resource for resource in made}

    def _cluster(self, catalog: Catalog, plan: ClusterPlan) -> Resource:
        if not plan.uses_eds:
            endpoints = catalog.endpoints(plan.service, plan.port)
            return Resource.of(plan.name, build_cluster(plan, endpoints))
        return _remembered(
            self._clusters,
            plan,
            lambda: Resource.of(plan.name, build_cluster(plan, ()), eds_service_name=plan.name),
        )

    def _assignment(self, catalog: Catalog, plan: ClusterPlan) -> Resource:
        return _remembered(self._assignments, plan, lambda: _assignment(catalog, plan))


def _remembered(
    made: dict[str, dict[str, tuple[ClusterPlan, Resource]]],
    plan: ClusterPlan,
    make: Callable[[], Resource],
) -> Resource:
    """Return what was made from the same plan before, or make it."""
    of_service = made.setdefault(plan.service.hostname, {})
    known = of_service.get(plan.name)
    if known is not None and known[0].same_as(plan):
        return known[1]
    resource = make()
    of_service[plan.name] = (plan, resource)
    return resource


def _assignment(catalog: Catalog, plan: ClusterPlan) -> Resource:
    body = plan_assignment(plan, catalog.endpoints(plan.service, plan.port))
    return Resource.encoded(plan.name, CLUSTER_LOAD_ASSIGNMENT, body)


def _encoded(messages: Iterable[Listener | RouteConfiguration]) -> dict[str, Resource]:
    resources = {}
    for message in messages:
        resources[message.name] = Resource.of(message.name, message)
    return resources


def _sources(config: ProxyConfig) -> dict[str, frozenset[Reference]]:
    sources = dict(config.sources)
    for name, plan in config.plans.items():
        rule = (plan.rule.reference,) if plan.rule else ()
        sources[name] = frozenset({plan.service.source, *rule})
    return sources
