"""Answers that go on: whatever their form and their chunks, what comes are whole messages."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial

import pytest
from aiohttp import web

from straightway.kubernetes import ApiError, Client, UnreachableError, answers
from straightway.kubernetes.formats import JSON, PROTOBUF
from straightway.kubernetes.framing import Lines
from straightway.kubernetes.media_types import RATHER_PROTOBUF
from tests.support.kubernetes_protobuf import enveloped, frame
from tests.unit.kubernetes.conftest import FakeServer, answering, begun

_PROTOBUF = {"Content-Type": "application/vnd.kubernetes.protobuf;stream=watch"}


async def lines_of(api: Client, read_timeout: float = 10) -> list[bytes]:
    async with api.stream("/x", {}, read_timeout=read_timeout) as stream:
        return [line async for batch in stream.batches for line in batch]


async def test_a_line_may_be_longer_than_any_buffer(api: Client, server: FakeServer):
    long = b"x" * (3 * 2**20)
    server.handler = answering(b"a\n" + long + b"\nb\n")
    assert await lines_of(api) == [b"a", long, b"b"]


async def test_a_line_without_end_is_given_up(
    api: Client, server: FakeServer, monkeypatch: pytest.MonkeyPatch
):
    short = replace(JSON, framing=partial(Lines, most=1000))
    monkeypatch.setattr(answers, "format_of", lambda _: short)
    server.handler = answering(b"x" * 5000)
    with pytest.raises(UnreachableError, match="1,000 bytes"):
        await lines_of(api)


async def test_silence_between_lines_has_a_limit(api: Client, server: FakeServer):
    async def stops(request: web.Request) -> web.StreamResponse:
        async with begun(request) as response:
            await response.write(b"a\n")
            await asyncio.Event().wait()
            return response

    server.handler = stops
    async with api.stream("/x", {}, read_timeout=0.05) as stream:
        assert await anext(stream.batches) == [b"a"]
        with pytest.raises(UnreachableError):
            await anext(stream.batches)


async def test_lines_that_are_refused_have_a_reason(api: Client, server: FakeServer):
    server.handler = answering('{"code": 410, "reason": "Expired", "message": "too old"}', 410)
    with pytest.raises(ApiError, match="too old"):
        await lines_of(api)


async def test_who_stops_in_the_middle_leaves_nothing_to_the_next(api: Client, server: FakeServer):
    server.handler = answering(b"a\n" * 100_000)
    async with api.stream("/x", {}, read_timeout=10) as stream:
        async for _ in stream.batches:
            break
    server.handler = answering("{}")
    assert await api.request("GET", "/x") == {}


async def test_many_watches_do_not_wait_for_each_other(api: Client, server: FakeServer):
    async def hangs(request: web.Request) -> web.StreamResponse:
        async with begun(request) as response:
            await response.write(b"a\n")
            await asyncio.Event().wait()
            return response

    server.handler = hangs
    begun_watches = 0
    all_begun = asyncio.Event()

    async def watch() -> None:
        nonlocal begun_watches
        async with api.stream("/x", {}, read_timeout=60) as stream:
            async for _ in stream.batches:
                begun_watches += 1
                if begun_watches == 120:
                    all_begun.set()

    tasks = [asyncio.create_task(watch()) for _ in range(120)]
    async with asyncio.timeout(20):
        await all_begun.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


# Protobuf.


async def test_the_form_of_an_answer_is_what_it_says_and_not_what_was_asked(
    api: Client, server: FakeServer
):
    server.handler = answering(frame(b"a") + frame(b"\n"), headers=_PROTOBUF)
    async with api.stream("/x", {}, accept=RATHER_PROTOBUF, read_timeout=10) as stream:
        assert stream.format is PROTOBUF
        assert [each async for batch in stream.batches for each in batch] == [b"a", b"\n"]
    for named in ({"Content-Type": "application/json; charset=utf-8"}, {}):
        server.handler = answering(b"a\nb\n", headers=named)
        async with api.stream("/x", {}, accept=RATHER_PROTOBUF, read_timeout=10) as stream:
            assert stream.format is JSON
            assert [each async for batch in stream.batches for each in batch] == [b"a", b"b"]


async def test_a_message_may_be_longer_than_any_buffer(api: Client, server: FakeServer):
    long = b"x" * (3 * 2**20)
    server.handler = answering(frame(b"a") + frame(long) + frame(b"b"), headers=_PROTOBUF)
    assert await lines_of(api) == [b"a", long, b"b"]


async def test_a_length_beyond_reason_is_given_up(api: Client, server: FakeServer):
    server.handler = answering(b"\xff\xff\xff\xff", headers=_PROTOBUF)
    with pytest.raises(UnreachableError, match="4,294,967,295 bytes"):
        await lines_of(api)


async def test_a_stream_that_is_refused_in_protobuf_has_a_reason(api: Client, server: FakeServer):
    status = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}
    server.handler = answering(enveloped(status), 410, headers=_PROTOBUF)
    with pytest.raises(ApiError, match=r"too old \(410 Expired\)"):
        await lines_of(api)
