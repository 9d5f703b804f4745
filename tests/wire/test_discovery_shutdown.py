import grpc

from straightway.discovery import CLUSTER, Closed
from tests.support.conversation import resources
from tests.support.discovery import Discovery, Recorder
from tests.support.waiting import eventually_async


async def test_closing_ends_every_stream_so_that_clients_go_elsewhere(
    discovery: Discovery, recorder: Recorder
):
    discovery.cache.set("audience", {CLUSTER: resources(CLUSTER, "a")})
    clients = [discovery.sotw("1"), discovery.delta("2")]
    for client in clients:
        await client.ask(CLUSTER)
        await client.read()

    await discovery.server.close()

    assert discovery.server.clients() == []
    assert sorted(recorder.of("closed")) == [("1", Closed.SHUTDOWN), ("2", Closed.SHUTDOWN)]
    for client in clients:
        code, _ = await client.status()
        assert code is grpc.StatusCode.UNAVAILABLE


async def test_closing_waits_for_the_last_stream_though_there_was_none_before(
    discovery: Discovery, recorder: Recorder
):
    early = discovery.delta("early")
    await early.ask(CLUSTER)
    await eventually_async(lambda: discovery.server.clients())
    early.call.cancel()
    await eventually_async(lambda: not discovery.server._streams)
    late = discovery.delta("late")
    await late.ask(CLUSTER)
    await eventually_async(lambda: discovery.server.clients())

    await discovery.server.close()

    assert recorder.of("closed") == [("early", Closed.GONE), ("late", Closed.SHUTDOWN)]


async def test_a_server_that_is_closing_takes_no_new_streams(discovery: Discovery):
    await discovery.server.close()
    client = discovery.sotw()
    code, details = await client.status()
    assert code is grpc.StatusCode.UNAVAILABLE
    assert "shutting down" in details


async def test_stopping_the_listener_cancels_what_is_left(discovery: Discovery, recorder: Recorder):
    client = discovery.sotw()
    await client.ask(CLUSTER)
    await eventually_async(lambda: discovery.server.clients())
    await discovery.listener.stop(0)
    await eventually_async(lambda: len(recorder.of("closed")) == 1)
    assert discovery.cache.watchers("audience") == 0
