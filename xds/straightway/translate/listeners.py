"""Listeners: the ports on which Envoy accepts requests, and the filters that these pass."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from envoy.config.core.v3 import base_pb2
from envoy.config.listener.v3 import listener_pb2
from envoy.extensions.filters.http.router.v3 import router_pb2
from envoy.extensions.filters.listener.original_dst.v3 import original_dst_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import (
    http_connection_manager_pb2,
)
from envoy.extensions.filters.network.tcp_proxy.v3 import tcp_proxy_pb2
from google.protobuf.message import Message

from straightway.routing import names
from straightway.routing.listeners import HttpListener, Side
from straightway.translate.config_sources import ads
from straightway.translate.http_filter import HttpFilter
from straightway.translate.key_filters import key_filters
from straightway.translate.missing import local_replies

Listener: TypeAlias = listener_pb2.Listener
HttpConnectionManager: TypeAlias = http_connection_manager_pb2.HttpConnectionManager

_OUTBOUND_PORT, _INBOUND_PORT = 15001, 15006
CAPTURING_PORTS = frozenset({_OUTBOUND_PORT, _INBOUND_PORT})
"""The targets of Istio's iptables rules: no other listener of a sidecar may use them."""

_ROUTER_FILTER = "envoy.filters.http.router"
_HTTP_CONNECTION_MANAGER = "envoy.filters.network.http_connection_manager"
_TCP_PROXY = "envoy.filters.network.tcp_proxy"
_ORIGINAL_DESTINATION = "envoy.filters.listener.original_dst"


def http_listener(value: HttpListener, filters: Iterable[HttpFilter] = ()) -> Listener:
    """Return an HTTP listener with its own filters in addition to the common ones."""
    name = names.listener(value.address, value.port)
    chain = _http_filters(filters, finds_keys=value.finds_keys)
    manager = _http_connection_manager(name, value.routes, chain)
    if value.side is Side.EDGE:
        # At the edge the proxy writes x-forwarded-for, and trusts no client's.
        manager.use_remote_address.value = True
        manager.normalize_path.value = True
    if value.answers_missing:
        manager.local_reply_config.CopyFrom(local_replies())
    listener = _listener(name, value.address, value.port)
    _add_network_filter(listener, _HTTP_CONNECTION_MANAGER, manager)
    if value.side is Side.APPLICATION:
        listener.traffic_direction = base_pb2.OUTBOUND
    if value.captured:
        listener.bind_to_port.value = False
    return listener


def virtual_outbound() -> Listener:
    """Return the listener to which iptables redirects all outbound traffic.

    It hands connections to the listener of their original port; those without one pass through.
    """
    listener = _listener(names.VIRTUAL_OUTBOUND, "0.0.0.0", _OUTBOUND_PORT)  # noqa: S104 (iptables' target)
    listener.traffic_direction = base_pb2.OUTBOUND
    listener.use_original_dst.value = True
    _add_tcp_proxy(listener, names.PASSTHROUGH_CLUSTER)
    return listener


def virtual_inbound() -> Listener:
    """Return the listener to which iptables redirects all inbound traffic."""
    listener = _listener(names.VIRTUAL_INBOUND, "0.0.0.0", _INBOUND_PORT)  # noqa: S104 (iptables' target)
    listener.traffic_direction = base_pb2.INBOUND
    listener.listener_filters.add(name=_ORIGINAL_DESTINATION).typed_config.Pack(
        original_dst_pb2.OriginalDst()
    )
    _add_tcp_proxy(listener, names.INBOUND_PASSTHROUGH_CLUSTER)
    return listener


def _listener(name: str, address: str, port: int) -> Listener:
    listener = Listener(name=name)
    listener.address.socket_address.address = address
    listener.address.socket_address.port_value = port
    return listener


def _add_tcp_proxy(listener: Listener, cluster: str) -> None:
    proxy = tcp_proxy_pb2.TcpProxy(stat_prefix=cluster, cluster=cluster)
    _add_network_filter(listener, _TCP_PROXY, proxy)


def _add_network_filter(listener: Listener, name: str, config: Message) -> None:
    chain = listener.filter_chains.add()
    chain.filters.add(name=name).typed_config.Pack(config, deterministic=True)


def _http_connection_manager(
    stat_prefix: str, routes: str, filters: Iterable[HttpFilter]
) -> HttpConnectionManager:
    manager = HttpConnectionManager(stat_prefix=stat_prefix)
    manager.rds.route_config_name = routes
    manager.rds.config_source.CopyFrom(ads())
    # Streams of tokens may pause for long; routes have their own timeouts.
    manager.stream_idle_timeout.SetInParent()
    manager.upgrade_configs.add(upgrade_type="websocket")
    for each in filters:
        added = manager.http_filters.add(
            name=each.name, disabled=each.disabled, is_optional=each.optional
        )
        added.typed_config.Pack(each.config, deterministic=True)
    return manager


def _http_filters(filters: Iterable[HttpFilter], *, finds_keys: bool) -> list[HttpFilter]:
    chain = list(key_filters(everywhere=finds_keys))
    for each in filters:
        chain.insert(0 if each.first else len(chain), each)
    chain.append(HttpFilter(_ROUTER_FILTER, router_pb2.Router()))
    return chain
