"""What only a request for each model tells is asked in turn, for a share of the time."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

from straightway.holdings.apis.confirming import Confirmations
from tests.support.asking import SETTINGS
from tests.support.virtual_time import run


class Models:
    """Models that are ready (True) or not; each call takes some seconds."""

    def __init__(self, seconds: float, **ready: bool) -> None:
        self.ready = ready
        self.asked: list[str] = []
        self._seconds = seconds
        self._confirmations = Confirmations[bool](bool)

    async def confirm(self, *, interval: float = 1.0) -> dict[str, bool]:
        """Return what is known; `asked` has the names that were asked for it."""
        self.asked = []
        settings = replace(SETTINGS, interval=interval)
        return await self._confirmations.of(self.ready, self._ask, settings)

    async def _ask(self, name: str) -> bool:
        self.asked.append(name)
        await asyncio.sleep(self._seconds)
        return self.ready[name]


def ready(number: int) -> dict[str, bool]:
    return {f"m{each}": True for each in range(number)}


def test_a_few_models_are_all_asked_every_time():
    async def scenario():
        models = Models(0.001, **ready(20))
        for _ in range(3):
            assert await models.confirm() == models.ready
            assert sorted(models.asked) == sorted(models.ready)

    run(scenario())


def test_of_many_models_each_is_asked_in_its_turn():
    async def scenario():
        models = Models(0.01, **ready(60))
        assert await models.confirm() == models.ready, "what is new is asked at once"
        asked = Counter[str]()
        for _ in range(20):
            await models.confirm()
            assert len(models.asked) <= 6, "a twentieth of a second"
            asked.update(models.asked)
        assert set(asked) == set(models.ready)
        assert max(asked.values()) - min(asked.values()) <= 1

    run(scenario())


def test_a_model_that_loads_is_noticed_soon_among_many_that_are_ready():
    async def scenario():
        models = Models(0.01, **ready(60), loads=False)
        await models.confirm()
        models.ready["loads"] = True
        assert (await models.confirm())["loads"]

    run(scenario())


def test_a_model_that_goes_is_noticed_among_many_that_have_failed():
    async def scenario():
        models = Models(0.01, **dict.fromkeys(ready(60), False), held=True)
        await models.confirm()
        models.ready["held"] = False
        assert not (await models.confirm())["held"]

    run(scenario())


def test_what_is_too_slow_is_asked_over_several_rounds():
    async def scenario():
        models = Models(1.0, **ready(20))
        known = 0
        for _ in range(10):
            found = len(await models.confirm())
            assert found > known or found == len(models.ready)
            known = found
        assert known == len(models.ready)

    run(scenario())


def test_what_is_no_longer_wanted_is_forgotten():
    async def scenario():
        models = Models(0.001, **ready(3))
        await models.confirm()
        del models.ready["m1"]
        assert set(await models.confirm()) == {"m0", "m2"}
        models.ready["m1"] = True
        await models.confirm()
        assert "m1" in models.asked

    run(scenario())
