"""What the gRPC options do to connections."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import grpc
import pytest

from straightway.discovery import CLUSTER, Closed, grpc_options
from tests.support.conversation import resources
from tests.support.discovery import Discovery, Recorder
from tests.support.tcp_proxy import TcpProxy
from tests.support.waiting import eventually_async

Serve = Callable[..., Awaitable[Discovery]]


async def test_a_connection_that_gets_old_is_renewed(serve: Serve):
    discovery = await serve(options=grpc_options(max_connection_age=0.2))
    discovery.cache.set("audience", {CLUSTER: resources(CLUSTER, "a")})
    old = discovery.delta("old")
    await old.ask(CLUSTER)
    await old.read()
    ready = grpc.ChannelConnectivity.READY
    await eventually_async(
        lambda: discovery.channel.get_state() is not ready, what="the end of its age"
    )

    new = discovery.delta("new")
    await new.ask(CLUSTER)
    await new.read()
    peers = {client.node_id: client.peer for client in discovery.server.clients()}
    assert peers["new"] != peers["old"]  # What was open goes on for its time of grace.


@dataclass
class Proxied:
    """A server that soon misses a client, and a client that comes through a proxy."""

    discovery: Discovery
    proxy: TcpProxy


@pytest.fixture
async def proxied(serve: Serve) -> AsyncIterator[Proxied]:
    discovery = await serve(options=grpc_options(keepalive=0.1, keepalive_timeout=0.1))
    discovery.cache.set("audience", {CLUSTER: resources(CLUSTER, "a")})
    proxy = TcpProxy(discovery.port)
    await discovery.channel.close()
    discovery.channel = grpc.aio.insecure_channel(f"127.0.0.1:{await proxy.start()}")
    yield Proxied(discovery, proxy)
    await proxy.close()


async def test_a_client_that_has_gone_without_a_word_is_found_out(
    proxied: Proxied, recorder: Recorder
):
    client = proxied.discovery.delta()
    await client.ask(CLUSTER)
    await client.read()
    proxied.proxy.fall_silent()
    await eventually_async(lambda: not proxied.discovery.server.clients(), what="the stream's end")
    assert recorder.of("closed") == [("node", Closed.GONE)]


async def test_a_client_that_has_nothing_to_say_stays(proxied: Proxied):
    client = proxied.discovery.delta()
    await client.ask(CLUSTER)
    await client.read()
    before = proxied.proxy.passed
    await eventually_async(lambda: proxied.proxy.passed > before + 20, what="pings are answered")
    proxied.discovery.cache.update("audience", {CLUSTER: (resources(CLUSTER, "a@2"), [])})
    assert (await client.read()).resources == {"a": "2"}


def test_by_default_keepalive_suits_envoys_behind_nat():
    options = dict(grpc_options())
    assert options["grpc.keepalive_time_ms"] == 30_000
    assert options["grpc.keepalive_timeout_ms"] == options["grpc.http2.ping_timeout_ms"] == 10_000
    assert options["grpc.keepalive_permit_without_calls"] == 1
    assert "grpc.max_connection_age_ms" not in options


def test_two_servers_never_share_a_port_unnoticed():
    assert dict(grpc_options())["grpc.so_reuseport"] == 0
