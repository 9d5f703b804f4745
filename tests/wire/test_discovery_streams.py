import pytest

from straightway.discovery import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER, Closed
from tests.support.conversation import resource, resources
from tests.support.discovery import Discovery, Recorder, WireClient
from tests.support.waiting import eventually_async


@pytest.fixture(params=["sotw", "delta"])
def client(request: pytest.FixtureRequest, discovery: Discovery) -> WireClient:
    return discovery.sotw() if request.param == "sotw" else discovery.delta()


async def test_a_client_gets_the_snapshot_and_then_its_changes(
    discovery: Discovery, client: WireClient
):
    discovery.cache.set("audience", {CLUSTER: resources(CLUSTER, "a")})
    await client.ask(CLUSTER)
    first = await client.read()
    assert first.resources == {"a": "1"}

    discovery.cache.update("audience", {CLUSTER: (resources(CLUSTER, "a@2"), [])})
    second = await client.read()
    assert second.resources == {"a": "2"}
    assert second.nonce != first.nonce


async def test_a_client_of_an_audience_without_snapshot_waits_for_one(
    discovery: Discovery, client: WireClient, recorder: Recorder
):
    await client.ask(CLUSTER)
    await eventually_async(lambda: recorder.of("wanted") == [("audience",)])
    assert recorder.of("pushed") == []

    discovery.cache.set("audience", {CLUSTER: resources(CLUSTER, "a")})
    assert (await client.read()).resources == {"a": "1"}


async def test_an_ack_that_names_something_new_is_answered(
    discovery: Discovery, client: WireClient
):
    endpoints = resources(CLUSTER_LOAD_ASSIGNMENT, "a", "b")
    discovery.cache.set("audience", {CLUSTER_LOAD_ASSIGNMENT: endpoints})
    await client.ask(CLUSTER_LOAD_ASSIGNMENT, "a")
    nonce = (await client.read()).nonce
    await client.ask(CLUSTER_LOAD_ASSIGNMENT, "a", "b", response_nonce=nonce)
    assert (await client.read()).resources["b"] == "1"


async def test_a_key_computed_again_when_the_last_client_goes_keeps_none_of_it(
    discovery: Discovery, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
):
    keys = ["audience"]

    def recompute(_key: object) -> None:
        keys[0] = "another"
        discovery.server.rekey()

    monkeypatch.setattr(discovery.server, "_key_of", lambda _node: keys[0])
    monkeypatch.setattr(recorder, "audience_unused", recompute)
    client = discovery.delta()
    await client.ask(CLUSTER)
    await eventually_async(lambda: discovery.cache.watchers("audience") == 1)
    client.call.cancel()
    await eventually_async(lambda: not discovery.server.clients())
    assert discovery.cache.watchers("audience") == 0
    assert discovery.cache.watchers("another") == 0


async def test_a_client_of_another_audience_is_not_disturbed(
    discovery: Discovery, client: WireClient
):
    discovery.cache.set("audience", {CLUSTER: resources(CLUSTER, "a")})
    await client.ask(CLUSTER)
    await client.read()
    discovery.cache.set("other", {CLUSTER: resources(CLUSTER, "x")})
    discovery.cache.set("audience", {CLUSTER: resources(CLUSTER, "a@2")})
    assert (await client.read()).resources == {"a": "2"}


async def test_routing_held_back_is_sent_when_its_time_is_up(
    discovery: Discovery, client: WireClient
):
    discovery.cache.set(
        "audience",
        {
            CLUSTER: [resource(CLUSTER, "a", eds_service_name="a")],
            CLUSTER_LOAD_ASSIGNMENT: resources(CLUSTER_LOAD_ASSIGNMENT, "a"),
            LISTENER: resources(LISTENER, "l"),
        },
    )
    await client.ask(CLUSTER)
    await client.read()
    await client.ask(LISTENER)
    assert (await client.read()).type_url == LISTENER


async def test_a_stream_that_the_client_half_closes_ends_well(
    client: WireClient, recorder: Recorder
):
    await client.ask(CLUSTER)
    await client.call.done_writing()
    code, _ = await client.status()
    assert code.name == "OK"
    assert recorder.of("closed") == [("node", Closed.GONE)]


async def test_cancelled_streams_leave_nothing_behind(
    discovery: Discovery, client: WireClient, recorder: Recorder
):
    discovery.cache.set("audience", {CLUSTER: resources(CLUSTER, "a")})
    await client.ask(CLUSTER)
    await client.read()
    assert discovery.cache.watchers("audience") == 1

    client.call.cancel()

    await eventually_async(lambda: recorder.of("closed") == [("node", Closed.GONE)])
    assert discovery.cache.watchers("audience") == 0
    assert discovery.server.clients() == []
    discovery.cache.set("audience", {CLUSTER: resources(CLUSTER, "a@2")})


async def test_a_lost_connection_leaves_nothing_behind(
    discovery: Discovery, client: WireClient, recorder: Recorder
):
    await client.ask(CLUSTER)
    await eventually_async(lambda: discovery.cache.watchers("audience") == 1)
    await discovery.channel.close()
    await eventually_async(lambda: recorder.of("closed") == [("node", Closed.GONE)])
    assert discovery.cache.watchers("audience") == 0


async def test_many_streams_of_an_audience_all_get_a_change(discovery: Discovery):
    discovery.cache.set("audience", {CLUSTER: resources(CLUSTER, "a")})
    clients = [discovery.delta(f"node-{number}") for number in range(50)]
    for each in clients:
        await each.ask(CLUSTER)
        await each.read()

    discovery.cache.update("audience", {CLUSTER: (resources(CLUSTER, "a@2"), [])})

    assert [(await each.read()).resources for each in clients] == [{"a": "2"}] * 50
