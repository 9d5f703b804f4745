"""The hook that authenticates clients: what it decides about each service."""

from __future__ import annotations

import asyncio

import grpc
import pytest
from envoy.service.status.v3.csds_pb2 import ClientStatusRequest, ClientStatusResponse
from envoy.service.status.v3.csds_pb2_grpc import ClientStatusDiscoveryServiceStub
from grpc_health.v1.health_pb2 import HealthCheckRequest
from grpc_health.v1.health_pb2_grpc import HealthStub
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse
from grpc_reflection.v1alpha.reflection_pb2_grpc import ServerReflectionStub

from straightway.discovery import CLUSTER, Admission, Closed, RefusedError
from tests.support.calls import read
from tests.support.conversation import resources
from tests.support.waiting import DEADLINE, eventually_async

UNAUTHENTICATED = grpc.StatusCode.UNAUTHENTICATED
PERMISSION_DENIED = grpc.StatusCode.PERMISSION_DENIED
KNOWN = [("authorization", "Bearer known")]
CHIEF = [("authorization", "Bearer chief")]


async def authenticate(peer):
    """Admit by the token, which is also the audience."""
    token = str(peer.metadata.get("authorization", "")).removeprefix("Bearer ")
    if token not in ("known", "chief"):
        raise RefusedError("no such token")
    return Admission(key_of=lambda node: token, sees_clients=token == "chief")


@pytest.fixture
async def guarded(serve):
    discovery = await serve(authenticate=authenticate)
    discovery.cache.set("known", {CLUSTER: resources(CLUSTER, "a")})
    return discovery


async def test_a_client_gets_what_it_may_whatever_its_node_says(guarded):
    client = guarded.delta(key="chief", token="known")
    await client.ask(CLUSTER)
    assert (await client.read()).resources == {"a": "1"}


@pytest.mark.parametrize("token", ["", "unknown"])
async def test_a_refused_client_gets_a_status_before_anything_is_read(guarded, recorder, token):
    assert await guarded.delta(token=token).status() == (UNAUTHENTICATED, "no such token")
    assert guarded.server.clients() == []
    assert recorder.events == []


async def test_clients_on_the_servers_own_key_of_are_possible(serve):
    async def anybody(peer):
        return Admission()

    discovery = await serve(authenticate=anybody)
    discovery.cache.set("audience", {CLUSTER: resources(CLUSTER, "a")})
    client = discovery.delta()
    await client.ask(CLUSTER)
    assert (await client.read()).resources == {"a": "1"}


async def test_a_node_whose_claims_do_not_fit_is_refused(serve):
    def key_of(node):
        raise RefusedError(f"you are not {node.id}", PERMISSION_DENIED)

    client = (await serve(key_of=key_of)).delta("somebody")
    await client.ask(CLUSTER)
    assert await client.status() == (PERMISSION_DENIED, "you are not somebody")


async def test_a_client_that_is_refused_later_is_disconnected(serve, recorder):
    refused = False

    def key_of(node):
        if refused:
            raise RefusedError("no longer", PERMISSION_DENIED)
        return "audience"

    discovery = await serve(key_of=key_of)
    client = discovery.delta()
    await client.ask(CLUSTER)
    await eventually_async(lambda: discovery.server.clients())
    refused = True
    discovery.server.rekey()
    assert await client.status() == (PERMISSION_DENIED, "no longer")
    await eventually_async(lambda: recorder.of("closed"))
    assert recorder.of("closed") == [("node", Closed.REFUSED)]


async def test_a_mistake_in_the_hook_refuses_the_client_and_does_not_tell_it(serve):
    async def broken(peer):
        raise ValueError("secret")

    assert await (await serve(authenticate=broken)).delta().status() == (
        grpc.StatusCode.INTERNAL,
        "authentication failed",
    )


async def test_a_stream_whose_client_is_authenticated_while_the_server_closes_ends(serve):
    asked, may_answer = asyncio.Event(), asyncio.Event()

    async def slow(peer):
        asked.set()
        await may_answer.wait()
        return Admission()

    discovery = await serve(authenticate=slow)
    client = discovery.delta()
    await asked.wait()
    await discovery.server.close()
    may_answer.set()
    assert await client.status() == (grpc.StatusCode.UNAVAILABLE, "shutting down")


async def test_health_is_open(guarded):
    await HealthStub(guarded.channel).Check(HealthCheckRequest())


@pytest.mark.parametrize(
    ("metadata", "code"), [([], UNAUTHENTICATED), (KNOWN, PERMISSION_DENIED), (CHIEF, None)]
)
async def test_the_state_of_all_clients_is_for_who_may_see_it(guarded, metadata, code):
    stub = ClientStatusDiscoveryServiceStub(guarded.channel)
    stream = stub.StreamClientStatus(iter([ClientStatusRequest()]), metadata=metadata)
    fetch = stub.FetchClientStatus(ClientStatusRequest(), metadata=metadata)
    if code is None:
        await read(stream, ClientStatusResponse)
        await fetch
        return
    async with asyncio.timeout(DEADLINE):
        assert [await stream.code(), await fetch.code()] == [code, code]


@pytest.mark.parametrize(("metadata", "is_open"), [([], False), (KNOWN, True)])
async def test_reflection_is_for_clients_that_are_known(guarded, metadata, is_open):
    stub = ServerReflectionStub(guarded.channel)
    requests = iter([ServerReflectionRequest(list_services="")])
    call = stub.ServerReflectionInfo(requests, metadata=metadata)
    if is_open:
        assert (await read(call, ServerReflectionResponse)).list_services_response.service
    else:
        assert await call.code() is UNAUTHENTICATED
