"""Clusters: one for each port of a service, and one more for each named subset."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from envoy.config.cluster.v3 import cluster_pb2
from envoy.extensions.upstreams.http.v3 import http_protocol_options_pb2

from straightway.api import DestinationRule
from straightway.api.destination_rule import Subset, TrafficPolicy
from straightway.api.dynamic_subset import DynamicSubset
from straightway.api.load_balancer import SimpleLoadBalancer
from straightway.api.values import is_ip
from straightway.catalog.endpoints import Endpoint
from straightway.catalog.rules import policy_of, subset_of
from straightway.catalog.services import RegisteredService, Resolution, ServicePort
from straightway.translate import names
from straightway.translate.config_sources import ads
from straightway.translate.endpoints import load_assignment
from straightway.translate.subsets import lb_subset_config, subset_keys
from straightway.translate.traffic_policy import apply_traffic_policy, protocol_options

Cluster: TypeAlias = cluster_pb2.Cluster
HTTP_PROTOCOL_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


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
    def resolution(self) -> Resolution:
        """How Envoy finds the endpoints."""
        balancer = self.policy.load_balancer
        if balancer and balancer.simple is SimpleLoadBalancer.PASSTHROUGH:
            return Resolution.NONE
        return self.service.resolution

    @property
    def uses_eds(self) -> bool:
        """Whether Envoy gets the endpoints by EDS."""
        return self.resolution is Resolution.STATIC

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

    @property
    def policy(self) -> TrafficPolicy:
        """The traffic policy in force."""
        return policy_of(self.rule, self.named_subset)

    @property
    def dynamic_subset(self) -> DynamicSubset | None:
        """The cluster's dynamic subsets; without endpoints of its own it can have none."""
        balancer = self.policy.load_balancer
        if balancer is None or self.resolution is Resolution.NONE:
            return None
        return balancer.dynamic_subset


def build_cluster(plan: ClusterPlan, endpoints: Iterable[Endpoint]) -> Cluster:
    """Return the cluster of a plan.

    ``endpoints`` are used only where Envoy does not get them by EDS (resolution DNS).
    """
    cluster = Cluster(name=plan.name)
    cluster.connect_timeout.FromMilliseconds(10_000)
    # Istio turns panic mode off: an unhealthy endpoint is not better than none.
    cluster.common_lb_config.healthy_panic_threshold.SetInParent()
    _set_discovery(cluster, plan, endpoints)
    policy = plan.policy
    apply_traffic_policy(cluster, policy)
    if (dynamic_subset := plan.dynamic_subset) is not None:
        cluster.lb_subset_config.CopyFrom(lb_subset_config(dynamic_subset))
    if (options := protocol_options(policy, plan.port)) is not None:
        cluster.typed_extension_protocol_options[HTTP_PROTOCOL_OPTIONS].Pack(
            options, deterministic=True
        )
    return cluster


def _set_discovery(cluster: Cluster, plan: ClusterPlan, endpoints: Iterable[Endpoint]) -> None:
    match plan.resolution:
        case Resolution.STATIC:
            cluster.type = Cluster.EDS
            cluster.eds_cluster_config.eds_config.CopyFrom(ads())
        case Resolution.DNS:
            cluster.type = Cluster.STRICT_DNS
            cluster.dns_lookup_family = Cluster.V4_PREFERRED
            cluster.load_assignment.MergeFromString(plan_assignment(plan, endpoints))
        case Resolution.NONE:
            _set_original_destination(cluster)


def plan_assignment(plan: ClusterPlan, endpoints: Iterable[Endpoint]) -> bytes:
    """Return the encoded ClusterLoadAssignment of a plan.

    EDS takes IP addresses only: endpoints with any other are left out.
    """
    subset = plan.named_subset
    if plan.uses_eds:
        endpoints = (item for item in endpoints if is_ip(item.address))
    keys = subset_keys(plan.dynamic_subset)
    return load_assignment(plan.name, endpoints, keys, subset.labels if subset else {})


def _set_original_destination(cluster: Cluster) -> None:
    cluster.type = Cluster.ORIGINAL_DST
    cluster.lb_policy = Cluster.CLUSTER_PROVIDED


def black_hole_cluster() -> Cluster:
    """Return the cluster for destinations that do not exist: no endpoint, so 503 at once."""
    cluster = Cluster(name=names.BLACK_HOLE_CLUSTER, type=Cluster.STATIC)
    cluster.connect_timeout.FromMilliseconds(10_000)
    return cluster


def passthrough_cluster() -> Cluster:
    """Return the cluster of sidecars for traffic that no service claims: to where it was going."""
    return _original_destination_cluster(names.PASSTHROUGH_CLUSTER)


def inbound_passthrough_cluster() -> Cluster:
    """Return the cluster that hands what comes for the application on to it.

    Its connections leave from 127.0.0.6: by that address Istio's iptables rules let them out
    instead of redirecting them back to the sidecar.
    """
    cluster = _original_destination_cluster(names.INBOUND_PASSTHROUGH_CLUSTER)
    cluster.upstream_bind_config.source_address.address = "127.0.0.6"
    cluster.upstream_bind_config.source_address.port_value = 0
    return cluster


def _original_destination_cluster(name: str) -> Cluster:
    cluster = Cluster(name=name)
    cluster.connect_timeout.FromMilliseconds(10_000)
    _set_original_destination(cluster)
    options = http_protocol_options_pb2.HttpProtocolOptions()
    options.use_downstream_protocol_config.http_protocol_options.SetInParent()
    options.use_downstream_protocol_config.http2_protocol_options.SetInParent()
    cluster.typed_extension_protocol_options[HTTP_PROTOCOL_OPTIONS].Pack(
        options, deterministic=True
    )
    return cluster
