"""Clusters: those of services, and the constant ones of every proxy."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from envoy.config.cluster.v3 import cluster_pb2
from envoy.extensions.upstreams.http.v3 import http_protocol_options_pb2

from straightway.routing import names
from straightway.routing.clusters import Cluster, Endpoint, Resolution
from straightway.translate.config_sources import ads
from straightway.translate.endpoints import assignment, encode_endpoint
from straightway.translate.subsets import lb_subset_config
from straightway.translate.traffic_policy import apply_policy, protocol_options

Message: TypeAlias = cluster_pb2.Cluster
HTTP_PROTOCOL_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def cluster(value: Cluster, dns_endpoints: Iterable[Endpoint] = ()) -> Message:
    """Return the message of a cluster.

    ``dns_endpoints`` are part of it if Envoy resolves their names; all others get their endpoints
    by EDS, or have none.
    """
    message = _named(value.name)
    # Istio turns panic mode off: an unhealthy endpoint is not better than none.
    message.common_lb_config.healthy_panic_threshold.SetInParent()
    _set_discovery(message, value, dns_endpoints)
    apply_policy(message, value.policy)
    if value.subsets is not None:
        message.lb_subset_config.CopyFrom(lb_subset_config(value.subsets))
    if (options := protocol_options(value)) is not None:
        _set_protocol_options(message, options)
    return message


def _set_discovery(message: Message, value: Cluster, dns_endpoints: Iterable[Endpoint]) -> None:
    match value.found_by:
        case Resolution.STATIC:
            message.type = Message.EDS
            message.eds_cluster_config.eds_config.CopyFrom(ads())
            if value.assignment:
                message.eds_cluster_config.service_name = value.assignment
        case Resolution.DNS:
            message.type = Message.STRICT_DNS
            message.dns_lookup_family = Message.V4_PREFERRED
            encoded = ((each.locality, encode_endpoint(each)) for each in dns_endpoints)
            message.load_assignment.MergeFromString(b"".join(assignment(value.name, encoded)))
        case Resolution.NONE:
            _set_original_destination(message)


def black_hole_cluster() -> Message:
    """Return the cluster for destinations that do not exist: no endpoints, so an immediate 503."""
    message = _named(names.BLACK_HOLE_CLUSTER)
    message.type = Message.STATIC
    return message


def passthrough_cluster() -> Message:
    """Return the sidecars' cluster for unclaimed traffic: it goes to its original destination."""
    return _original_destination_cluster(names.PASSTHROUGH_CLUSTER)


def inbound_passthrough_cluster() -> Message:
    """Return the cluster that forwards inbound traffic to the application.

    Its connections use the source address 127.0.0.6, which Istio's iptables rules exempt from
    redirection back to the sidecar.
    """
    message = _original_destination_cluster(names.INBOUND_PASSTHROUGH_CLUSTER)
    message.upstream_bind_config.source_address.address = "127.0.0.6"
    message.upstream_bind_config.source_address.port_value = 0
    return message


def _original_destination_cluster(name: str) -> Message:
    message = _named(name)
    _set_original_destination(message)
    options = http_protocol_options_pb2.HttpProtocolOptions()
    options.use_downstream_protocol_config.http_protocol_options.SetInParent()
    options.use_downstream_protocol_config.http2_protocol_options.SetInParent()
    _set_protocol_options(message, options)
    return message


def _named(name: str) -> Message:
    message = Message(name=name)
    message.connect_timeout.FromMilliseconds(10_000)
    return message


def _set_original_destination(message: Message) -> None:
    message.type = Message.ORIGINAL_DST
    message.lb_policy = Message.CLUSTER_PROVIDED


def _set_protocol_options(
    message: Message, options: http_protocol_options_pb2.HttpProtocolOptions
) -> None:
    message.typed_extension_protocol_options[HTTP_PROTOCOL_OPTIONS].Pack(
        options, deterministic=True
    )
