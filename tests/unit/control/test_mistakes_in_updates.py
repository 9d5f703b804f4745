"""Mistakes of ours in taking in an update: told, counted, and all other changes are taken in."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from straightway.catalog import replaced as replaced_module
from straightway.discovery import CLUSTER
from straightway.documents import Bundle
from straightway.intake import Intake
from tests.support.configs import bundle
from tests.support.control import API, ASSIGNMENT, LONG, WEB, Desk, service_file, synced
from tests.support.mistakes import OurMistakeError, break_for, errors
from tests.support.virtual_time import run


def test_a_mistake_in_indexing_an_object_leaves_it_out_and_takes_all_others(
    monkeypatch: pytest.MonkeyPatch,
):
    async def scenario():
        async with synced() as desk:
            with monkeypatch.context() as broken:
                break_for(broken, replaced_module, "services_of", "'bad'")
                desk.apply(service_file("bad"), service_file("api"))
                await asyncio.sleep(LONG)
            assert API in desk.names(CLUSTER)
            assert ASSIGNMENT.replace("web", "bad") not in desk.names(CLUSTER)
            assert desk.control.mistakes == 1

            desk.apply(service_file("bad", port=81))
            await asyncio.sleep(LONG)
            assert ASSIGNMENT.replace("web", "bad").replace("80", "81") in desk.names(CLUSTER)

    run(scenario())


@pytest.mark.parametrize("where", ["read", "settle"])
def test_a_mistake_in_the_intake_does_not_end_the_source_that_calls_it(
    monkeypatch: pytest.MonkeyPatch, where: str
):
    def fail(*_: object) -> None:
        raise OurMistakeError("intake")

    async def scenario():
        async with synced() as desk:
            before = desk.resources()
            with monkeypatch.context() as broken, capture_logs() as lines:
                broken.setattr(Intake, where, fail)
                desk.apply(service_file("lost"))
                await asyncio.sleep(LONG)
            assert desk.resources() == before
            assert desk.control.mistakes == len(errors(lines)) == 1

            desk.apply(service_file("api"))
            await asyncio.sleep(LONG)
            assert API in desk.names(CLUSTER)

    run(scenario())


def test_a_source_whose_first_listing_meets_a_mistake_still_counts_as_synced(
    monkeypatch: pytest.MonkeyPatch,
):
    """Else nothing at all would be served, for good."""

    def fail(*_: object) -> None:
        raise OurMistakeError("intake")

    async def scenario():
        desk = Desk(["folder", "cluster"])
        monkeypatch.setattr(Intake, "complete", fail)
        desk.apply(WEB, source="folder")
        with monkeypatch.context() as broken:
            broken.setattr(Intake, "settle", fail)
            desk.apply(source="cluster")
        async with synced(desk=desk):
            assert ASSIGNMENT in desk.names(CLUSTER)
            assert desk.control.mistakes == 3

    run(scenario())


def test_a_listener_of_problems_that_fails_does_not_keep_the_change_from_being_made():
    def fail(*_: object) -> None:
        raise OurMistakeError("listener")

    async def scenario():
        async with synced() as desk:
            desk.problems.listen(fail)
            broken = bundle("{apiVersion: v1, kind: Service, metadata: {name: x}}", "x.yaml")
            desk.apply(broken, service_file("api"))
            await asyncio.sleep(LONG)
            assert API in desk.names(CLUSTER)
            assert desk.control.mistakes == 1

    run(scenario())


def test_a_mistake_in_letting_go_what_vanished_does_not_end_the_loop(
    monkeypatch: pytest.MonkeyPatch,
):
    expire = Intake.expire
    failed: list[float] = []

    def fail_once(intake: Intake, now: float) -> Any:
        if not failed:
            failed.append(now)
            raise OurMistakeError("expire")
        return expire(intake, now)

    monkeypatch.setattr(Intake, "expire", fail_once)

    async def scenario():
        async with synced(WEB, service_file("api"), desk=Desk(grace=50)) as desk:
            desk.apply(Bundle("web.yaml"), Bundle("default.api.yaml"))
            await asyncio.sleep(LONG)
            assert ASSIGNMENT not in desk.names(CLUSTER)
            assert failed == [50]
            assert desk.control.mistakes == 1

    run(scenario())
