"""A real Envoy keeps what has a TTL as long as the server gives signs of life, and no longer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
from envoy.service.runtime.v3.rtds_pb2 import Runtime
from google.protobuf.json_format import ParseDict

from straightway.discovery import (
    RUNTIME,
    Cache,
    Callbacks,
    ClientState,
    DiscoveryServer,
    Resource,
    grpc_options,
)
from straightway.proxies.addresses import Address
from straightway.proxies.bootstrap import Node, make_bootstrap, to_dict
from tests.support.envoy import GATEWAY_ID, EnvoyProcess, Json
from tests.support.waiting import eventually

FEATURES = ["xds.config.supports-resource-ttl", "xds.config.resource-in-sotw"]
LAYER = "layer"
KEY = "tests.answer"
TTL = 0.5
ENOUGH = 9  # Signs of life, each half of a TTL after the one before.


class Acks(Callbacks):
    """Counts what the client has accepted."""

    count = 0

    def acked(self, client: ClientState, type_url: str, version: str) -> None:
        self.count += 1


def bootstrap(xds: Address, *, delta: bool) -> Json:
    admin = Address("127.0.0.1", 0)
    made = to_dict(make_bootstrap(Node(GATEWAY_ID), xds, admin=admin, delta=delta))
    made["node"]["client_features"] = FEATURES
    made["dynamic_resources"] = {"ads_config": made["dynamic_resources"]["ads_config"]}
    source = {"ads": {}, "resource_api_version": "V3"}
    rtds = {"name": LAYER, "rtds_config": source}
    made["layered_runtime"] = {"layers": [{"name": LAYER, "rtds_layer": rtds}]}
    return made


def value(envoy: EnvoyProcess) -> str:
    """What Envoy holds the runtime key to be; empty if it does not have it."""
    entries = json.loads(envoy.admin("/runtime"))["entries"]
    return str(entries.get(KEY, {}).get("final_value", ""))


@pytest.fixture
def acks() -> Acks:
    return Acks()


@pytest.fixture
async def listener(acks: Acks) -> AsyncIterator[tuple[grpc.aio.Server, Address]]:
    cache = Cache()
    layer = ParseDict({"name": LAYER, "layer": {KEY: "42"}}, Runtime())
    cache.set("all", {RUNTIME: [Resource.of(LAYER, layer, ttl=TTL)]})
    server = grpc.aio.server(options=grpc_options())
    DiscoveryServer(cache, lambda node: "all", callbacks=[acks]).add_to(server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield server, Address("127.0.0.1", port)
    await server.stop(0)


@pytest.mark.parametrize("delta", [True, False], ids=["delta", "sotw"])
async def test_envoy_keeps_what_has_a_ttl_while_the_server_lives(
    listener: tuple[grpc.aio.Server, Address], acks: Acks, tmp_path: Path, delta: bool
):
    server, xds = listener
    envoy = EnvoyProcess("ttl", bootstrap(xds, delta=delta), tmp_path)
    try:
        await asyncio.to_thread(envoy.start)
        await asyncio.to_thread(eventually, lambda: value(envoy) == "42", what="the value is there")
        while acks.count < ENOUGH:
            assert await asyncio.to_thread(value, envoy) == "42"

        await server.stop(0)
        await asyncio.to_thread(eventually, lambda: value(envoy) == "", what="the value is gone")
    finally:
        await asyncio.to_thread(envoy.close)
