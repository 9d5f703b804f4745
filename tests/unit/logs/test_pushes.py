"""What the log says of pushes: the first of a kind at once, the others together."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

from structlog.testing import capture_logs

from straightway.discovery import CLUSTER, LISTENER, ClientState, Push, Variant
from straightway.logs.pushes import PushLog
from tests.support.virtual_time import run


def client(number: int, audience: str = "sidecars") -> ClientState:
    return ClientState(f"envoy-{number}", "", audience, Variant.DELTA, "ipv4:10.0.0.1:1")


def push(*, version: str = "v7", nonce: str = "3", microseconds: float = 83.6) -> Push:
    return Push(CLUSTER, version, nonce, 2, 1, 512, microseconds)


def lines_of(story: Any) -> list[MutableMapping[str, Any]]:
    with capture_logs() as lines:
        run(story)
    return lines


def test_a_push_is_reported_in_figures_at_once():
    async def story() -> None:
        PushLog().pushed(client(1), push())

    (line,) = lines_of(story())
    assert line == {
        "event": "pushed",
        "log_level": "info",
        "node": "envoy-1",
        "type": "Cluster",
        "resources": 2,
        "removed": 1,
        "bytes": 512,
        "microseconds": 84,
        "version": "v7",
    }


def test_others_that_are_sent_the_same_are_reported_in_one_line():
    async def story() -> None:
        log = PushLog()
        for number in range(1000):
            log.pushed(client(number), push(nonce=str(number), microseconds=number))
        await asyncio.sleep(2)

    first, others = lines_of(story())
    assert first["node"] == "envoy-0"
    assert others == {
        "event": "pushed to others",
        "log_level": "info",
        "proxies": 999,
        "audience": "sidecars",
        "type": "Cluster",
        "resources": 2,
        "removed": 1,
        "bytes": 512,
        "slowest_microseconds": 999,
        "version": "v7",
    }


def test_what_differs_is_distinguished():
    async def story() -> None:
        log = PushLog()
        log.pushed(client(1), push())
        log.pushed(client(2, "gateways"), push())
        log.pushed(client(1), push(version="v8"))
        log.pushed(client(1), push()._replace(type_url=LISTENER))
        log.pushed(client(1), push()._replace(resources=3))
        await asyncio.sleep(2)

    assert [line["event"] for line in lines_of(story())] == ["pushed"] * 5


def test_after_a_second_the_same_is_reported_again():
    async def story() -> None:
        log = PushLog()
        for _ in range(3):
            log.pushed(client(1), push())
            await asyncio.sleep(2)

    assert [line["event"] for line in lines_of(story())] == ["pushed"] * 3


def test_what_was_counted_is_reported_at_the_end():
    async def story() -> None:
        log = PushLog()
        for number in range(3):
            log.pushed(client(number), push())
        log.close()
        await asyncio.sleep(2)

    assert [line.get("proxies") for line in lines_of(story())] == [None, 2]


def test_of_very_many_kinds_each_push_is_reported():
    async def story() -> None:
        log = PushLog()
        for number in range(3000):
            log.pushed(client(1), push(version=str(number)))
        assert len(log._others) <= 1000

    assert len(lines_of(story())) == 3000
