from typing import Any

import grpc
import pytest
from envoy.config.core.v3.base_pb2 import Extension, Locality, Node

from straightway.discovery import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    VIRTUAL_HOST,
    Closed,
    Limits,
    Settings,
)
from tests.support.conversation import resource, resources
from tests.support.discovery import Discovery, Recorder
from tests.support.waiting import eventually_async

BAD = pytest.mark.parametrize("variant", ["sotw", "delta"])


@BAD
async def test_a_request_without_type_url_ends_the_stream(
    discovery: Discovery, recorder: Recorder, variant: str
):
    client = discovery.sotw() if variant == "sotw" else discovery.delta()
    await client.ask("")
    code, details = await client.status()
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert "type_url" in details
    assert recorder.of("closed") == [("node", Closed.INVALID)]


async def test_virtual_hosts_on_demand_are_refused_to_a_state_of_the_world_client(
    discovery: Discovery,
):
    client = discovery.sotw()
    await client.ask(VIRTUAL_HOST, "routes/shop.com")
    code, details = await client.status()
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert "delta" in details


@BAD
async def test_a_client_with_too_many_names_gets_the_reason(
    serve, recorder: Recorder, variant: str
):
    discovery = await serve(Settings(limits=Limits(names=10)))
    client = discovery.sotw() if variant == "sotw" else discovery.delta()
    await client.ask(CLUSTER, *(str(number) for number in range(11)))
    code, details = await client.status()
    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "10 resource names" in details
    assert recorder.of("closed") == [("node", Closed.LIMIT)]


async def test_a_client_with_too_many_types_gets_the_reason(serve):
    discovery = await serve(Settings(limits=Limits(types=3)))
    client = discovery.sotw()
    for number in range(4):
        await client.ask(f"type.googleapis.com/example.Type{number}")
    code, _ = await client.status()
    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.parametrize(
    ("node", "reason"),
    [
        (Node(id="x" * 11), "11 characters"),
        (Node(cluster="x" * 11), "11 characters"),
        (Node(locality=Locality(zone="x" * 100)), "bytes"),
    ],
)
async def test_a_giant_node_is_refused_with_the_reason_and_not_kept(
    serve, recorder: Recorder, node: Node, reason: str
):
    discovery = await serve(Settings(limits=Limits(name_length=10, node_size=100)))
    client = discovery.delta()
    client._node = node
    await client.ask("type")
    code, details = await client.status()
    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert reason in details
    assert recorder.events == []
    assert discovery.server.clients() == []


async def test_a_long_list_of_extensions_makes_no_giant_node(serve):
    discovery = await serve(Settings(limits=Limits(node_size=100)))
    client = discovery.delta()
    client._node = Node(extensions=[Extension(name="x" * 100)])
    await client.ask(CLUSTER)
    await eventually_async(lambda: discovery.server.clients())


async def test_an_unknown_type_is_answered_with_nothing(discovery: Discovery, recorder: Recorder):
    discovery.cache.set("audience", {CLUSTER: resources(CLUSTER, "a")})
    client = discovery.sotw()
    await client.ask("type.googleapis.com/example.Unknown", "a")
    await client.ask(CLUSTER)
    assert (await client.read()).type_url == CLUSTER


@pytest.mark.parametrize("method", ["StreamAggregatedResources", "DeltaAggregatedResources"])
async def test_bytes_that_are_no_request_end_the_stream(discovery: Discovery, method: str):
    call: Any = discovery.channel.stream_stream(
        f"/envoy.service.discovery.v3.AggregatedDiscoveryService/{method}"
    )()
    await call.write(b"\xff\xff\xff\xff")
    assert await call.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "DiscoveryRequest" in await call.details()
    await eventually_async(lambda: not discovery.server._streams)


async def test_a_client_that_does_not_read_is_closed_and_holds_nobody_up(serve, recorder: Recorder):
    discovery = await serve(Settings(stuck_after=0.2))
    big = [resource(CLUSTER_LOAD_ASSIGNMENT, f"e{n}", "x" * 1_000_000) for n in range(4)]
    discovery.cache.set("audience", {CLUSTER_LOAD_ASSIGNMENT: big})
    discovery.cache.set("others", {CLUSTER: resources(CLUSTER, "a")})
    stuck, well = discovery.sotw("stuck"), discovery.sotw("well", "others")
    await stuck.ask(CLUSTER_LOAD_ASSIGNMENT, *(each.name for each in big))
    await well.ask(CLUSTER)

    for version in range(2, 100):
        await well.read()
        discovery.cache.set("others", {CLUSTER: resources(CLUSTER, f"a@{version}")})
        changed = [resource(CLUSTER_LOAD_ASSIGNMENT, "e0", f"{version}" + "x" * 1_000_000)]
        discovery.cache.update("audience", {CLUSTER_LOAD_ASSIGNMENT: (changed, [])})
    await eventually_async(lambda: ("stuck", Closed.STUCK) in recorder.of("closed"))
    await eventually_async(lambda: len(discovery.server._streams) == 1)
    assert discovery.cache.watchers("audience") == 0


async def test_a_client_that_reads_again_learns_that_its_stream_has_ended(
    serve, recorder: Recorder
):
    discovery = await serve(Settings(stuck_after=0.2))
    await discovery.channel.close()
    discovery.channel = grpc.aio.insecure_channel(
        f"127.0.0.1:{discovery.port}", options=[("grpc.max_receive_message_length", -1)]
    )
    big = [resource(CLUSTER, f"c{number}", "x" * 1_000_000) for number in range(20)]
    discovery.cache.set("audience", {CLUSTER: big})
    client = discovery.sotw()
    await client.ask(CLUSTER)
    await eventually_async(lambda: recorder.of("closed") == [("node", Closed.STUCK)])

    assert len((await client.read()).resources) == 20
    code, details = await client.status()
    assert code is grpc.StatusCode.ABORTED
    assert "0.2 s" in details


async def test_a_flood_of_requests_costs_one_response(discovery: Discovery, recorder: Recorder):
    discovery.cache.set("audience", {CLUSTER: resources(CLUSTER, "a")})
    client = discovery.sotw()
    for _ in range(500):
        await client.ask(CLUSTER)
    await client.read()
    await eventually_async(lambda: len(recorder.of("request")) == 500)
    assert len(recorder.of("pushed")) == 1
