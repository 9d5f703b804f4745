"""Listeners hear which objects a change put in force, replaced and removed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from straightway.documents import Bundle, Change, ChangeListener, Document, Reference
from tests.support.control import (
    CONFIG,
    LONG,
    PAUSE,
    WEB,
    Desk,
    service_file,
    synced,
    workload,
)
from tests.support.virtual_time import run

A = Reference("networking.istio.io", "WorkloadEntry", "default", "a")


def named(name: str) -> Reference:
    return Reference("", "Service", "default", name)


class Heard(ChangeListener):
    def __init__(self) -> None:
        self.changes: list[Change] = []

    def changed(self, change: Change) -> None:
        self.changes.append(change)


class Following(ChangeListener):
    """Notes what has changed, and what the audience has in the cache when it is published."""

    def __init__(self) -> None:
        self.events: list[object] = []
        self.desk: Desk | None = None

    def changed(self, change: Change) -> None:
        self.events.append(change)

    def moved(self, references: Sequence[Reference]) -> None:
        self.events.append(tuple(references))

    def published(self) -> None:
        assert self.desk is not None
        self.events.append({name for _, name in self.desk.resources()})


class Broken(ChangeListener):
    def changed(self, change: Change) -> None:
        raise RuntimeError("no")


def test_an_apply_of_many_files_is_one_change():
    heard = Heard()

    async def scenario():
        async with synced(
            service_file("web"), service_file("old"), desk=Desk(listener=heard)
        ) as desk:
            await asyncio.sleep(LONG)
            assert heard.changes == [], "the first config is no change"
            desk.apply(service_file("api"), service_file("web", port=81))
            await asyncio.sleep(CONFIG.quiet / 2)
            desk.apply(Bundle("default.old.yaml"), service_file("db"))
            await asyncio.sleep(LONG)

    run(scenario())

    assert heard.changes == [
        Change((named("api"), named("db")), (named("web"),), (named("old"),)),
    ]


def test_a_replaced_object_has_changed_and_an_equal_one_has_not():
    heard = Heard()

    async def scenario():
        async with synced(service_file("web"), desk=Desk(listener=heard)) as desk:
            for port in (80, 81, 81):
                desk.apply(service_file("web", port=port))
                await asyncio.sleep(LONG)

    run(scenario())

    assert heard.changes == [Change(changed=(named("web"),))]


def test_what_comes_and_goes_before_it_is_in_force_is_no_change():
    heard = Heard()

    async def scenario():
        async with synced(WEB, desk=Desk(listener=heard)) as desk:
            desk.apply(service_file("api"))
            desk.apply(Bundle("default.api.yaml"))
            await asyncio.sleep(LONG)

    run(scenario())

    assert heard.changes == []


def test_workloads_are_told_by_themselves():
    heard = Heard()

    async def scenario():
        async with synced(WEB, desk=Desk(listener=heard)) as desk:
            desk.apply(service_file("api"), workload("10.0.0.1"))
            await asyncio.sleep(LONG)
            desk.apply(workload("10.0.0.1", v="2"))
            await asyncio.sleep(PAUSE)

    run(scenario())

    assert heard.changes == [Change((A,)), Change((named("api"),)), Change(changed=(A,))]


def test_many_workloads_are_one_change():
    heard = Heard()
    many = [workload("10.0.0.1", f"w{number}") for number in range(1200)]

    async def scenario():
        async with synced(WEB, desk=Desk(listener=heard)) as desk:
            desk.apply(*many)
            await asyncio.sleep(LONG)

    run(scenario())

    (change,) = heard.changes
    assert len(change.added) == len(many)


def test_a_listener_that_raises_costs_nothing_else():
    async def scenario():
        async with synced(WEB, desk=Desk(listener=Broken())) as desk:
            desk.apply(service_file("api"))
            await asyncio.sleep(LONG)
            assert "outbound|80||api.default.svc.cluster.local" in {
                name for _, name in desk.resources()
            }
            assert desk.control.mistakes == 1

    run(scenario())


def test_what_has_changed_is_published_after_it_is_in_the_cache():
    following = Following()

    async def scenario():
        following.desk = Desk(listener=following)
        async with synced(WEB, desk=following.desk) as desk:
            await asyncio.sleep(LONG)
            following.events.clear()
            desk.apply(service_file("api"))
            await asyncio.sleep(LONG)

    run(scenario())

    change, served = following.events
    assert change == Change((named("api"),))
    assert isinstance(served, set)
    assert "outbound|80||api.default.svc.cluster.local" in served


def test_an_object_that_is_the_same_in_a_new_document_has_moved():
    following = Following()

    async def scenario():
        following.desk = Desk(listener=following)
        async with synced(WEB, desk=following.desk) as desk:
            await asyncio.sleep(LONG)
            following.events.clear()
            again = service_file("web").documents[0]
            body = {**again.body, "metadata": {**again.body["metadata"], "generation": 2}}
            desk.apply(Bundle(WEB.key, (Document(body, again.origin),)))
            await asyncio.sleep(LONG)

    run(scenario())

    assert following.events == [(named("web"),)]
