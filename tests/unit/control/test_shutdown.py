"""The loop ends when it is cancelled, whatever it is at, and leaves no task behind."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from straightway.control.pace import Breath
from tests.support.control import CONFIG, WEB, Desk, service_file, workload
from tests.support.virtual_time import run

SERVICES = [service_file(f"s{number}") for number in range(60)]


@pytest.mark.parametrize("state", ["unsynced", "loading", "idle", "pausing", "settling", "making"])
def test_the_loop_ends_when_it_is_cancelled(state: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("straightway.control.loop.Breath", partial(Breath, 0.0))

    async def reach(desk: Desk) -> None:
        if state == "unsynced":
            return
        desk.apply(WEB, *SERVICES)
        await asyncio.sleep(0)
        if state == "loading":
            return
        await desk.control.synced.wait()
        await asyncio.sleep(100)
        if state == "pausing":
            desk.apply(workload("10.0.0.1"))
            await asyncio.sleep(0.5)
        if state in ("settling", "making"):
            desk.apply(*(service_file(f"t{number}") for number in range(60)))
            await asyncio.sleep(CONFIG.quiet if state == "making" else 1)

    async def scenario():
        desk = Desk()
        task = asyncio.create_task(desk.control.run(desk.rekey))
        await asyncio.sleep(0)
        await reach(desk)
        assert not task.done()
        assert desk.control.synced.is_set() == (state not in ("unsynced", "loading"))

        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(scenario())
