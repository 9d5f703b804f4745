from envoy.config.core.v3.base_pb2 import Extension, Node
from google.rpc.status_pb2 import Status

from straightway.discovery import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, Variant
from tests.support.conversation import resources
from tests.support.discovery import Discovery, Recorder
from tests.support.waiting import eventually_async


async def test_the_state_of_a_client_says_what_was_sent_accepted_and_rejected(
    discovery: Discovery, recorder: Recorder
):
    discovery.cache.set(
        "audience",
        {
            CLUSTER: resources(CLUSTER, "a", "b"),
            CLUSTER_LOAD_ASSIGNMENT: resources(CLUSTER_LOAD_ASSIGNMENT, "x"),
        },
    )
    client = discovery.sotw("gateway-1")
    await client.ask(CLUSTER)
    clusters = await client.read()
    await client.ask(CLUSTER, response_nonce=clusters.nonce)
    await client.ask(CLUSTER_LOAD_ASSIGNMENT, "x")
    endpoints = await client.read()
    error = Status(code=3, message="x: no such thing")
    await client.ask(
        CLUSTER_LOAD_ASSIGNMENT, "x", response_nonce=endpoints.nonce, error_detail=error
    )
    await eventually_async(lambda: recorder.of("nacked"))

    (state,) = discovery.server.clients()
    assert (state.node_id, state.node_cluster) == ("gateway-1", "audience")
    assert state.key == "audience"
    assert state.variant is Variant.STATE_OF_THE_WORLD
    assert "127.0.0.1" in state.peer

    accepted = state.types[CLUSTER]
    assert accepted.sent is not None
    assert accepted.acked is not None
    assert accepted.sent.version == accepted.acked.version == clusters.version
    assert accepted.sent.nonce == accepted.acked.nonce == clusters.nonce
    assert state.since <= accepted.sent.at <= accepted.acked.at
    assert accepted.wildcard
    assert not accepted.is_rejecting

    rejected = state.types[CLUSTER_LOAD_ASSIGNMENT]
    assert rejected.names == 1
    assert rejected.acked is None
    assert rejected.rejected is not None
    assert rejected.rejected.message == "x: no such thing"
    assert rejected.rejected.version == endpoints.version
    assert rejected.rejected.names == ("x",)
    assert rejected.is_rejecting


async def test_an_acceptance_after_a_rejection_ends_it(discovery: Discovery, recorder: Recorder):
    discovery.cache.set("audience", {CLUSTER: resources(CLUSTER, "a")})
    client = discovery.delta()
    await client.ask(CLUSTER)
    nonce = (await client.read()).nonce
    await client.ask(CLUSTER, response_nonce=nonce, error_detail=Status(code=3, message="no"))
    await eventually_async(lambda: recorder.of("nacked"))
    discovery.cache.set("audience", {CLUSTER: resources(CLUSTER, "a@2")})
    nonce = (await client.read()).nonce
    await client.ask(CLUSTER, response_nonce=nonce)
    await eventually_async(lambda: recorder.of("acked"))

    (state,) = discovery.server.clients()
    assert state.types[CLUSTER].rejected is not None
    assert not state.types[CLUSTER].is_rejecting


async def test_endless_words_of_a_rejection_are_not_kept(discovery: Discovery, recorder: Recorder):
    discovery.cache.set("audience", {CLUSTER: resources(CLUSTER, "a")})
    client = discovery.delta()
    await client.ask(CLUSTER)
    nonce = (await client.read()).nonce
    endless = Status(code=3, message="no " * 1_000_000)
    await client.ask(CLUSTER, response_nonce=nonce, error_detail=endless)
    await eventually_async(lambda: recorder.of("nacked"))

    (state,) = discovery.server.clients()
    rejected = state.types[CLUSTER].rejected
    assert rejected is not None
    assert 0 < len(rejected.message) < 10_000


async def test_callbacks_tell_of_every_step(discovery: Discovery, recorder: Recorder):
    discovery.cache.set("audience", {CLUSTER: resources(CLUSTER, "a", "b")})
    client = discovery.delta("n")
    await client.ask(CLUSTER)
    first = await client.read()
    await client.ask(CLUSTER, response_nonce=first.nonce)
    await eventually_async(lambda: recorder.of("acked"))
    discovery.cache.set("audience", {CLUSTER: resources(CLUSTER, "b@2")})
    second = await client.read()
    error = Status(code=3, message="no")
    await client.ask(CLUSTER, response_nonce=second.nonce, error_detail=error)
    await eventually_async(lambda: recorder.of("nacked"))

    names = [event[0] for event in recorder.events]
    assert names == [
        *("opened", "request", "pushed", "request", "acked"),
        *("pushed", "request", "nacked"),
    ]
    pushes = [push for _, push in recorder.of("pushed")]
    assert [(push.resources, push.removed) for push in pushes] == [(2, 0), (1, 1)]
    assert [push.version for push in pushes] == [first.version, second.version]
    assert all(push.size > 0 and push.microseconds > 0 for push in pushes)
    assert recorder.of("nacked") == [("n", CLUSTER, "no", ("b", "a"))]


async def test_a_clients_list_of_extensions_is_not_kept(discovery: Discovery):
    client = discovery.sotw()
    client._node = Node(
        id="n",
        cluster="audience",
        extensions=[Extension(name=f"extension-{number}") for number in range(100)],
    )
    await client.ask(CLUSTER)
    await eventually_async(lambda: discovery.server.clients())
    (stream,) = discovery.server._streams
    assert stream._node.id == "n"
    assert list(stream._node.extensions) == []
