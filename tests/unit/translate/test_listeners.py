"""Listeners for HTTP."""

from __future__ import annotations

import pytest
from envoy.config.core.v3 import base_pb2
from envoy.extensions.filters.http.buffer.v3 import buffer_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2
from envoy.extensions.filters.network.tcp_proxy.v3 import tcp_proxy_pb2

from straightway.routing.listeners import HttpListener, Side
from straightway.translate.http_filter import HttpFilter
from straightway.translate.key_filters import key_filters
from straightway.translate.listeners import (
    http_listener,
    virtual_inbound,
    virtual_outbound,
)

KEYS = [each.name for each in key_filters(everywhere=False)]
ROUTER = "envoy.filters.http.router"


def manager_of(listener) -> http_connection_manager_pb2.HttpConnectionManager:
    (chain,) = listener.filter_chains
    (network_filter,) = chain.filters
    manager = http_connection_manager_pb2.HttpConnectionManager()
    assert network_filter.typed_config.Unpack(manager)
    return manager


def test_it_takes_requests_at_its_port_by_its_routes():
    listener = http_listener(HttpListener("10.0.0.1", 80, "http.80"))
    manager = manager_of(listener)

    assert listener.name == manager.stat_prefix == "10.0.0.1_80"
    assert listener.address.socket_address.address == "10.0.0.1"
    assert listener.address.socket_address.port_value == 80
    assert manager.rds.route_config_name == "http.80"
    assert not listener.HasField("bind_to_port")


@pytest.mark.parametrize(("side", "trusts_nobody"), [(Side.EDGE, True), (Side.APPLICATION, False)])
def test_clients_from_outside_are_not_trusted(side, trusts_nobody):
    listener = http_listener(HttpListener("10.0.0.1", 80, "80", side))
    manager = manager_of(listener)

    assert manager.use_remote_address.value is trusts_nobody
    assert manager.normalize_path.value is trusts_nobody
    assert (listener.traffic_direction == base_pb2.OUTBOUND) is not trusts_nobody


def test_captured_connections_come_from_another_listener():
    listener = http_listener(HttpListener("0.0.0.0", 80, "80", Side.APPLICATION, captured=True))

    assert listener.HasField("bind_to_port")
    assert not listener.bind_to_port.value


def test_all_filters_for_keys_stand_there_for_proxies_that_have_them_and_do_nothing():
    value = HttpListener("0.0.0.0", 80, "80", finds_keys=True)
    *found, router = manager_of(http_listener(value)).http_filters

    assert [each.name for each in found] == [each.name for each in key_filters(everywhere=True)]
    first, *others = found
    assert not first.disabled
    assert not first.is_optional
    assert all(each.disabled and each.is_optional for each in others)
    assert not router.disabled


def test_filters_stand_before_the_router_or_before_all():
    filters = [
        HttpFilter("late", buffer_pb2.Buffer()),
        HttpFilter("early", buffer_pb2.Buffer(), first=True),
        HttpFilter("later", buffer_pb2.Buffer()),
    ]
    manager = manager_of(http_listener(HttpListener("0.0.0.0", 80, "80"), filters))

    assert [each.name for each in manager.http_filters] == [
        "early",
        *KEYS,
        "late",
        "later",
        ROUTER,
    ]


@pytest.mark.parametrize(
    ("listener", "port", "direction", "cluster"),
    [
        (virtual_outbound(), 15001, base_pb2.OUTBOUND, "PassthroughCluster"),
        (virtual_inbound(), 15006, base_pb2.INBOUND, "InboundPassthroughCluster"),
    ],
    ids=["outbound", "inbound"],
)
def test_redirected_traffic_passes_through(listener, port, direction, cluster):
    proxy = tcp_proxy_pb2.TcpProxy()

    assert listener.address.socket_address.port_value == port
    assert listener.traffic_direction == direction
    assert listener.filter_chains[0].filters[0].typed_config.Unpack(proxy)
    assert proxy.cluster == cluster


def test_redirected_traffic_finds_its_original_destination():
    assert virtual_outbound().use_original_dst.value
    assert [each.name for each in virtual_inbound().listener_filters] == [
        "envoy.filters.listener.original_dst"
    ]
