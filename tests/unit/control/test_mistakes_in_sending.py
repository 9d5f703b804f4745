"""Mistakes of ours in sending: told, counted, and all else is sent."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from straightway.discovery import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER
from straightway.proxies.audience import Proxy, Role
from tests.support.configs import bundle, entry
from tests.support.control import (
    API,
    ASSIGNMENT,
    AUDIENCE,
    FRONTS,
    LONG,
    WEB,
    Desk,
    gateway_file,
    service_file,
    synced,
    workload,
)
from tests.support.mistakes import OurMistakeError, errors, fails_for
from tests.support.virtual_time import run


@pytest.mark.parametrize("when", ["first", "later"])
def test_proxies_that_could_not_be_told_apart_are_told_apart_later(when: str):
    proxy = Proxy(Role.GATEWAY, "default", {"tier": "front"})
    failed: list[float] = []

    def fail_once() -> None:
        if not failed:
            failed.append(1)
            raise OurMistakeError("rekey")

    async def scenario():
        desk = Desk(proxies=[proxy], wanted=[AUDIENCE])
        if when == "first":
            desk.on_rekey = fail_once
        async with synced(WEB, desk=desk):
            desk.on_rekey = fail_once
            desk.apply(gateway_file("{tier: front}"), service_file("api"))
            await asyncio.sleep(LONG)
            assert API in desk.names(CLUSTER)
            assert desk.control.mistakes == 1
            assert desk.audiences == {FRONTS}
            assert desk.names(LISTENER, FRONTS) == ["0.0.0.0_80"]

    run(scenario())


def test_a_mistake_in_sending_one_assignment_leaves_no_other_unsent(
    monkeypatch: pytest.MonkeyPatch,
):
    api = [service_file("api"), bundle(entry("b", {"app": "api"}, "10.0.1.1"), "b.yaml")]

    async def scenario():
        async with synced(WEB, workload("10.0.0.1"), *api) as desk:
            await asyncio.sleep(LONG)
            update, calls = desk.cache.update, []

            def failing_once(*given: Any) -> None:
                calls.append(given)
                if len(calls) == 1:
                    raise OurMistakeError
                update(*given)

            monkeypatch.setattr(desk.cache, "update", failing_once)
            with capture_logs():
                desk.apply(
                    workload("10.0.0.2"), bundle(entry("b", {"app": "api"}, "10.0.1.2"), "b.yaml")
                )
                await asyncio.sleep(LONG)
            sent = [desk.body(CLUSTER_LOAD_ASSIGNMENT, name) for name in (ASSIGNMENT, API)]
            assert sum(b"10.0.0.2" in body or b"10.0.1.2" in body for body in sent) == 1

    run(scenario())


def test_a_mistake_that_nobody_foresaw_ends_no_lane(monkeypatch: pytest.MonkeyPatch):
    async def scenario():
        async with synced() as desk:
            with monkeypatch.context() as broken, capture_logs() as lines:
                broken.setattr(desk.cache, "update", fails_for(desk.cache.update, str(AUDIENCE)))
                desk.apply(workload("10.0.0.2"))
                desk.apply(service_file("lost"))
                await asyncio.sleep(LONG)
            assert desk.control.mistakes == len(errors(lines)) > 0

            desk.apply(workload("10.0.0.3"), service_file("api"))
            await asyncio.sleep(LONG)
            assert API in desk.names(CLUSTER)
            assert b"10.0.0.3" in desk.body(CLUSTER_LOAD_ASSIGNMENT, ASSIGNMENT)

    run(scenario())
