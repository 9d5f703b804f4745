"""The client status discovery service."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from envoy.admin.v3.config_dump_shared_pb2 import ClientResourceStatus
from envoy.service.status.v3.csds_pb2 import (
    ClientConfig,
    ClientStatusRequest,
    ClientStatusResponse,
    ConfigStatus,
)
from envoy.service.status.v3.csds_pb2_grpc import ClientStatusDiscoveryServiceStub
from envoy.type.matcher.v3.node_pb2 import NodeMatcher
from google.protobuf.json_format import ParseDict
from google.rpc.status_pb2 import Status

from straightway.discovery import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER, Settings
from tests.support.calls import read
from tests.support.conversation import resources
from tests.support.discovery import Discovery, Recorder
from tests.support.waiting import eventually_async


async def fetch(discovery: Discovery, *matchers: dict[str, Any]) -> list[ClientConfig]:
    stub = ClientStatusDiscoveryServiceStub(discovery.channel)
    node_matchers = [ParseDict(matcher, NodeMatcher()) for matcher in matchers]
    response = await stub.FetchClientStatus(ClientStatusRequest(node_matchers=node_matchers))
    return list(response.config)


def statuses(client: ClientConfig) -> dict[tuple[str, str], tuple[str, str, str]]:
    """The version, server's view and client's view of each resource, by type and name."""
    return {
        (config.type_url, config.name): (
            config.version_info,
            ConfigStatus.Name(config.config_status),
            ClientResourceStatus.Name(config.client_status),
        )
        for config in client.generic_xds_configs
    }


async def test_a_client_is_reported_with_all_that_it_wants(
    discovery: Discovery, recorder: Recorder
):
    content = {
        CLUSTER: resources(CLUSTER, "a", "b"),
        CLUSTER_LOAD_ASSIGNMENT: resources(CLUSTER_LOAD_ASSIGNMENT, "x"),
    }
    discovery.cache.set("audience", content)
    client = discovery.sotw("gateway-1")
    await client.ask(CLUSTER)
    await client.ask(CLUSTER, response_nonce=(await client.read()).nonce)
    await eventually_async(lambda: recorder.of("acked"))
    await client.ask(CLUSTER_LOAD_ASSIGNMENT, "x", "none")
    await client.read()

    (told,) = await fetch(discovery)
    assert told.node.id == "gateway-1"
    assert told.node.cluster == "audience"
    assert statuses(told) == {
        (CLUSTER, "a"): ("1", "SYNCED", "ACKED"),
        (CLUSTER, "b"): ("1", "SYNCED", "ACKED"),
        (CLUSTER_LOAD_ASSIGNMENT, "x"): ("1", "STALE", "UNKNOWN"),
        (CLUSTER_LOAD_ASSIGNMENT, "none"): ("", "NOT_SENT", "DOES_NOT_EXIST"),
    }
    assert not any(config.HasField("xds_config") for config in told.generic_xds_configs)
    assert not any(config.HasField("error_state") for config in told.generic_xds_configs)


async def test_what_a_client_rejected_is_reported_in_its_words(
    discovery: Discovery, recorder: Recorder
):
    discovery.cache.set("audience", {CLUSTER: resources(CLUSTER, "a")})
    client = discovery.delta()
    await client.ask(CLUSTER)
    answer = await client.read()
    error = Status(code=3, message="a: no such thing" + "!" * 5000)
    await client.ask(CLUSTER, response_nonce=answer.nonce, error_detail=error)
    await eventually_async(lambda: recorder.of("nacked"))

    (told,) = await fetch(discovery)
    assert statuses(told) == {(CLUSTER, "a"): ("1", "ERROR", "NACKED")}
    (config,) = told.generic_xds_configs
    assert config.error_state.details.startswith("a: no such thing!")
    assert len(config.error_state.details) == 1000
    assert config.error_state.version_info == answer.version
    (state,) = discovery.server.clients()
    rejected = state.types[CLUSTER].rejected
    assert rejected is not None
    assert config.error_state.last_update_attempt.ToDatetime(rejected.at.tzinfo) == rejected.at


async def test_a_client_without_a_snapshot_has_requested_and_was_not_sent(discovery: Discovery):
    await discovery.sotw().ask(CLUSTER_LOAD_ASSIGNMENT, "x")
    await eventually_async(lambda: discovery.server.clients())
    (told,) = await fetch(discovery)
    assert statuses(told) == {(CLUSTER_LOAD_ASSIGNMENT, "x"): ("", "NOT_SENT", "REQUESTED")}


async def test_all_streams_of_one_connection_and_node_are_one_client(discovery: Discovery):
    types = {CLUSTER: resources(CLUSTER, "c"), LISTENER: resources(LISTENER, "l")}
    discovery.cache.set("audience", types)
    for node_id, path in [
        ("gateway", "/envoy.service.cluster.v3.ClusterDiscoveryService/StreamClusters"),
        ("gateway", "/envoy.service.listener.v3.ListenerDiscoveryService/DeltaListeners"),
        ("other", "/envoy.service.cluster.v3.ClusterDiscoveryService/DeltaClusters"),
    ]:
        client = discovery.stream(path, node_id)
        await client.ask("")
        await client.read()

    told = {client.node.id: set(statuses(client)) for client in await fetch(discovery)}
    assert told == {
        "gateway": {(CLUSTER, "c"), (LISTENER, "l")},
        "other": {(CLUSTER, "c")},
    }


@pytest.mark.parametrize(
    ("matchers", "expected"),
    [
        ([], {"gateway-1", "gateway-2", "sidecar-1"}),
        ([{}], {"gateway-1", "gateway-2", "sidecar-1"}),
        ([{"node_id": {"exact": "gateway-1"}}], {"gateway-1"}),
        ([{"node_id": {"prefix": "gateway"}}], {"gateway-1", "gateway-2"}),
        ([{"node_id": {"suffix": "-1"}}], {"gateway-1", "sidecar-1"}),
        ([{"node_id": {"contains": "way"}}], {"gateway-1", "gateway-2"}),
        ([{"node_id": {"exact": "SideCar-1", "ignore_case": True}}], {"sidecar-1"}),
        ([{"node_id": {"exact": "SideCar-1"}}], set()),
        (
            [{"node_id": {"exact": "gateway-2"}}, {"node_id": {"prefix": "side"}}],
            {"gateway-2", "sidecar-1"},
        ),
    ],
)
async def test_node_matchers_say_which_clients(
    discovery: Discovery, matchers: list[dict[str, Any]], expected: set[str]
):
    for node_id in ("gateway-1", "gateway-2", "sidecar-1"):
        await discovery.sotw(node_id).ask(CLUSTER)
    await eventually_async(lambda: len(discovery.server.clients()) == 3)
    assert {client.node.id for client in await fetch(discovery, *matchers)} == expected


@pytest.mark.parametrize(
    "matcher",
    [
        {"node_id": {"safe_regex": {"regex": ".*"}}},
        {"node_id": {}},
        {"node_metadatas": [{"value": {"present_match": True}}]},
    ],
)
async def test_matchers_that_are_not_supported_are_refused(
    discovery: Discovery, matcher: dict[str, Any]
):
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await fetch(discovery, matcher)
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "node_id" in str(raised.value.details())


async def test_more_matchers_than_can_be_meant_are_refused(discovery: Discovery):
    matcher = {"node_id": {"exact": "gateway-1"}}
    assert await fetch(discovery, *[matcher] * 100) == []
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await fetch(discovery, *[matcher] * 101)
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "100 node_matchers" in str(raised.value.details())


async def test_an_answer_that_would_be_too_large_is_refused(serve):
    discovery = await serve(Settings(status_size=4))
    for node_id in ("first", "second"):
        await discovery.sotw(node_id).ask(CLUSTER_LOAD_ASSIGNMENT, "x", "y")
    await eventually_async(lambda: len(discovery.server.clients()) == 2)
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await fetch(discovery)
    assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "node_matchers" in str(raised.value.details())
    (told,) = await fetch(discovery, {"node_id": {"exact": "first"}})
    assert len(statuses(told)) == 2


async def test_a_status_stream_answers_every_request_again(discovery: Discovery):
    call = ClientStatusDiscoveryServiceStub(discovery.channel).StreamClientStatus()
    await call.write(ClientStatusRequest())
    assert await call.read() == ClientStatusResponse()
    await discovery.sotw().ask(CLUSTER)
    await eventually_async(lambda: discovery.server.clients())
    await call.write(ClientStatusRequest())
    response = await read(call, ClientStatusResponse)
    assert [client.node.id for client in response.config] == ["node"]
    await call.done_writing()
    assert await call.code() is grpc.StatusCode.OK
