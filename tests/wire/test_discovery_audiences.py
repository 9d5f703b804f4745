import logging
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import pytest
from envoy.config.core.v3.base_pb2 import Node

from straightway.discovery import CLUSTER, Cache, Callbacks, DiscoveryServer
from tests.support.conversation import resources
from tests.support.discovery import Discovery, Recorder
from tests.support.waiting import eventually_async


class Naming:
    """A `key_of` whose outcome can be changed."""

    def __init__(self) -> None:
        self.keys: dict[str, str] = {}

    def __call__(self, node: Any) -> str:
        return self.keys[node.id]


@pytest.fixture
async def naming() -> Naming:
    return Naming()


@pytest.fixture
async def renamed(serve: Callable[..., Awaitable[Discovery]], naming: Naming) -> Discovery:
    return await serve(key_of=naming)


async def test_a_stream_whose_key_changes_is_sent_what_differs(
    renamed: Discovery, naming: Naming, recorder: Recorder
):
    naming.keys = {"n": "blue"}
    renamed.cache.set("blue", {CLUSTER: resources(CLUSTER, "same", "changed", "gone")})
    renamed.cache.set("green", {CLUSTER: resources(CLUSTER, "same", "changed@2", "new")})
    client = renamed.delta("n")
    await client.ask(CLUSTER)
    await client.read()

    naming.keys = {"n": "green"}
    renamed.server.rekey()

    answer = await client.read()
    assert answer.resources == {"changed": "2", "new": "1"}
    assert answer.removed == ("gone",)
    assert [state.key for state in renamed.server.clients()] == ["green"]
    assert recorder.of("unused") == [("blue",)]


async def test_a_stream_that_moves_to_an_audience_without_snapshot_keeps_what_it_has(
    renamed: Discovery, naming: Naming, recorder: Recorder
):
    naming.keys = {"n": "blue"}
    renamed.cache.set("blue", {CLUSTER: resources(CLUSTER, "a")})
    client = renamed.sotw("n")
    await client.ask(CLUSTER)
    await client.read()
    naming.keys = {"n": "green"}
    renamed.server.rekey()
    assert recorder.of("wanted") == [("green",)]

    renamed.cache.set("green", {CLUSTER: resources(CLUSTER, "b")})
    assert (await client.read()).resources == {"b": "1"}


async def test_a_key_that_cannot_be_computed_again_leaves_the_stream_where_it_is(
    renamed: Discovery, naming: Naming, caplog: pytest.LogCaptureFixture
):
    naming.keys = {"n": "blue"}
    renamed.cache.set("blue", {CLUSTER: resources(CLUSTER, "a")})
    client = renamed.sotw("n")
    await client.ask(CLUSTER)
    await client.read()
    naming.keys = {}
    with caplog.at_level(logging.ERROR):
        renamed.server.rekey()
    assert "audience key" in caplog.text
    assert [state.key for state in renamed.server.clients()] == ["blue"]


async def test_a_node_without_a_key_ends_its_stream_with_a_status(
    renamed: Discovery, recorder: Recorder, caplog: pytest.LogCaptureFixture
):
    client = renamed.sotw("unheard of")
    await client.ask(CLUSTER)
    code, details = await client.status()
    assert code is grpc.StatusCode.INTERNAL
    assert "audience" in details
    assert "unheard of" in caplog.text
    assert renamed.server.clients() == []


async def test_an_audience_is_wanted_once_and_unused_when_its_last_stream_has_gone(
    discovery: Discovery, recorder: Recorder
):
    first, second = discovery.sotw("1"), discovery.delta("2")
    await first.ask(CLUSTER)
    await eventually_async(lambda: len(discovery.server.clients()) == 1)
    await second.ask(CLUSTER)
    await eventually_async(lambda: len(discovery.server.clients()) == 2)
    assert recorder.of("wanted") == [("audience",)]

    first.call.cancel()
    await eventually_async(lambda: len(discovery.server.clients()) == 1)
    assert recorder.of("unused") == []
    second.call.cancel()
    await eventually_async(lambda: recorder.of("unused") == [("audience",)])


async def test_the_node_counts_on_the_first_message_only(discovery: Discovery):
    discovery.cache.set("audience", {CLUSTER: resources(CLUSTER, "a")})
    client = discovery.sotw("first")
    await client.ask(CLUSTER)
    nonce = (await client.read()).nonce
    client._node = Node(id="second", cluster="other")
    await client.ask(CLUSTER, response_nonce=nonce)
    discovery.cache.set("audience", {CLUSTER: resources(CLUSTER, "a@2")})
    assert (await client.read()).resources == {"a": "2"}
    assert [(state.node_id, state.key) for state in discovery.server.clients()] == [
        ("first", "audience")
    ]


async def test_a_failing_callback_is_logged_and_the_stream_and_the_others_go_on(
    caplog: pytest.LogCaptureFixture,
):
    class Failing(Callbacks):
        def pushed(self, client: object, push: object) -> None:
            raise RuntimeError("broken callback")

    cache, second = Cache(), Recorder()
    cache.set("", {CLUSTER: resources(CLUSTER, "a")})
    server = DiscoveryServer(cache, lambda node: node.cluster, callbacks=[Failing(), second])
    listener = grpc.aio.server()
    server.add_to(listener)
    port = listener.add_insecure_port("127.0.0.1:0")
    await listener.start()
    channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}")
    discovery = Discovery(cache, server, listener, channel, port)
    try:
        client = discovery.sotw(key="")
        await client.ask(CLUSTER)
        await client.read()
        cache.set("", {CLUSTER: resources(CLUSTER, "a@2")})
        assert (await client.read()).resources == {"a": "2"}
    finally:
        await discovery.stop()
    assert "broken callback" in caplog.text
    assert len(second.of("pushed")) == 2
