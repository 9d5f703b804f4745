"""Collections keep away from large work; garbage is hidden from them as seldom as possible."""

from __future__ import annotations

import asyncio
import gc

import pytest

from straightway.control.garbage import Garbage
from straightway.proxies.audience import Audience, Role
from tests.support.control import LONG, WEB, Desk, service_file, synced, workload
from tests.support.virtual_time import run


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Every time that all there is is frozen, and whether collections were paused then."""
    times: list[bool] = []
    monkeypatch.setattr(gc, "freeze", lambda: times.append(not gc.isenabled()))
    return times


def test_collections_are_paused_while_any_section_lasts():
    garbage = Garbage()
    with garbage.paused():
        with garbage.paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_pause_leaves_collections_off_if_they_were():
    gc.disable()
    try:
        with Garbage().paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_only_a_new_high_water_mark_is_left_alone(frozen: list[bool]):
    garbage = Garbage()
    for size in (100, 105, 90, 105, 200, 210, 100, 201):
        garbage.leave_alone_if_grown(size)
    assert len(frozen) == 2


def test_a_large_change_is_left_alone_once_made_and_a_small_one_never(frozen: list[bool]):
    async def scenario():
        async with synced(WEB, workload("10.0.0.1")) as desk:
            await asyncio.sleep(LONG)
            frozen.clear()
            desk.apply(service_file("api"), workload("10.0.0.2"))
            await asyncio.sleep(LONG)
            assert frozen == []
            desk.apply(*[service_file(f"s{number}") for number in range(60)])
            await asyncio.sleep(LONG)
            assert frozen == [True]
            assert gc.isenabled()

    run(scenario())


def test_audiences_that_come_and_go_are_left_alone_at_a_new_high_water_mark_only(
    frozen: list[bool],
):
    async def scenario():
        async with synced(*[service_file(f"s{n}") for n in range(60)], desk=Desk()) as desk:
            await asyncio.sleep(LONG)
            frozen.clear()
            for number in range(10):
                audience = Audience(Role.GATEWAY, "default", (("app", str(number)),))
                desk.interest.audience_wanted(audience)
                await asyncio.sleep(LONG)
                assert audience in desk.cache
                desk.interest.audience_unused(audience)
                await asyncio.sleep(LONG)
            assert len(frozen) <= 1

    run(scenario())
