"""Pools of runtimes that are played: what each says next is the test's to set."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from straightway.documents import Reference
from straightway.holdings.answers import Answer, FailureKind, Model, NoAnswerError
from straightway.holdings.pools import Api, Pool, Settings, Target

DISCOVERY = Reference("straightway.dev", "ModelDiscovery", "models", "pool")
SETTINGS = Settings("model", Api.TRITON, timeout=2.0)

Says = Callable[[Target], Awaitable[Answer]]


def workload(name: str) -> Reference:
    return Reference("", "Pod", "models", name)


def target(name: str = "a", address: str = "10.0.0.1", port: int = 8000) -> Target:
    return Target(workload(name), address, port, name)


def targets(number: int) -> tuple[Target, ...]:
    """So many runtimes, each at an address of its own."""
    return tuple(
        target(f"runtime-{index:04}", f"10.0.{index // 250}.{index % 250 + 1}")
        for index in range(number)
    )


def pool(*members: Target, name: str = "pool", **settings: Any) -> Pool:
    return Pool(DISCOVERY._replace(name=name), replace(SETTINGS, **settings), members)


def lists(*names: str, identity: str = "") -> Answer:
    return Answer(tuple(map(Model, names)), identity)


def refused() -> NoAnswerError:
    return NoAnswerError(FailureKind.REFUSED, "Connection refused")


class Runtimes:
    """What all runtimes say, and when they were asked, by the event loop's clock.

    ``says`` has by workload an answer, an error that is raised, or None for no answer ever; a
    runtime that it does not name lists the model ``m``.
    """

    def __init__(self) -> None:
        self.says: dict[str, Answer | Exception | None] = {}
        self.asked: list[tuple[float, str]] = []
        self.in_flight: dict[str, int] = {}
        self.most_in_flight = 0
        self.takes = 0.001

    def times(self, name: str) -> list[float]:
        return [at for at, asked in self.asked if asked == name]

    def make(self, _: Reference, settings: Settings) -> Played:
        return Played(self, settings.api)

    async def ask(self, target: Target) -> Answer:
        name = target.workload.name
        self.asked.append((asyncio.get_running_loop().time(), name))
        assert not self.in_flight.get(name), "it is asked twice at once"
        self.in_flight[name] = 1
        self.most_in_flight = max(self.most_in_flight, len(self.in_flight))
        try:
            await asyncio.sleep(self.takes)
            said = self.says.get(name, lists("m"))
            if said is None:
                await asyncio.get_running_loop().create_future()
            if isinstance(said, Exception):
                raise said
            assert said is not None
            return said
        finally:
            del self.in_flight[name]


class Played:
    """Asks one runtime that is played."""

    def __init__(self, runtimes: Runtimes, api: Api) -> None:
        self._runtimes = runtimes
        self.api = api

    async def ask(self, target: Target, _: Settings) -> Answer:
        return await self._runtimes.ask(target)


def gaps(times: Sequence[float]) -> list[float]:
    """The seconds between one time and the next."""
    return [after - before for before, after in pairwise(times)]
