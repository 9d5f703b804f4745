"""What the gRPC options do to connections."""

from __future__ import annotations

import grpc

from straightway.discovery import CLUSTER, Cache, DiscoveryServer, grpc_options
from tests.support.conversation import resources
from tests.support.discovery import Discovery
from tests.support.waiting import eventually_async


async def test_a_connection_that_gets_old_is_renewed():
    cache = Cache()
    cache.set("audience", {CLUSTER: resources(CLUSTER, "a")})
    server = DiscoveryServer(cache, lambda node: node.cluster)
    listener = grpc.aio.server(options=grpc_options(max_connection_age=0.2))
    server.add_to(listener)
    port = listener.add_insecure_port("127.0.0.1:0")
    await listener.start()
    channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}")
    discovery = Discovery(cache, server, listener, channel, port)
    try:
        old = discovery.delta("old")
        await old.ask(CLUSTER)
        await old.read()
        ready = grpc.ChannelConnectivity.READY
        await eventually_async(lambda: channel.get_state() is not ready, what="the end of its age")

        new = discovery.delta("new")
        await new.ask(CLUSTER)
        await new.read()
        peers = {client.node_id: client.peer for client in server.clients()}
        assert peers["new"] != peers["old"]  # What was open goes on for its time of grace.
    finally:
        await discovery.stop()


def test_idle_connections_are_kept_alive_and_the_lost_found_out():
    options = dict(grpc_options())
    assert options["grpc.keepalive_time_ms"] > options["grpc.keepalive_timeout_ms"] > 0
    assert options["grpc.keepalive_permit_without_calls"] == 1
    assert "grpc.max_connection_age_ms" not in options


def test_two_servers_never_share_a_port_unnoticed():
    assert dict(grpc_options())["grpc.so_reuseport"] == 0
