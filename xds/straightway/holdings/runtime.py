"""A runtime of a pool: where it is asked, and what is known of it."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from typing import Protocol

from straightway.documents import Reference
from straightway.holdings.answers import Answer
from straightway.holdings.http1.writing import Endpoint
from straightway.holdings.memory import Memory
from straightway.holdings.pools import Api, Settings, Target


class Asks(Protocol):
    """Asks one runtime, again and again."""

    async def ask(self, target: Target, settings: Settings) -> Answer:
        """Return what it says; called once at a time. Raises NoAnswerError."""

    @property
    def api(self) -> Api | None:
        """The API that it has; None until that is found."""


class Runtime:
    """A runtime of a pool. It stays the same while its address does, however it is asked."""

    __slots__ = (
        "answer",
        "asks",
        "due",
        "is_asked",
        "memory",
        "phase",
        "pool",
        "settings",
        "target",
        "task",
    )

    def __init__(
        self, pool: Reference, target: Target, settings: Settings, asks: Asks, phase: float
    ) -> None:
        self.pool = pool
        self.target = target
        self.settings = settings
        self.asks = asks
        self.phase = phase
        """When in the interval it is asked, between 0 and 1."""
        self.memory = Memory(settings)
        self.answer: Answer | None = None
        """The last answer, where it is kept to compare the next one with."""
        self.is_asked = False
        """Whether it was asked at least once."""
        self.task: asyncio.Task[None] | None = None
        self.due: asyncio.Future[None] | None = None
        """What it waits for until it is asked again; None while it is asked."""

    @property
    def place(self) -> Hashable:
        """What stays when it is asked in another way."""
        return self.target.workload, self.target.address, self.target.pod

    @property
    def origin(self) -> str:
        """Where it is asked, for people."""
        endpoint = Endpoint(self.target.address, self.target.port, self.settings.access)
        api = self.asks.api
        return endpoint.url + (f" ({api})" if api else "")

    @property
    def name(self) -> str:
        """Its workload's name and where it is asked, for people."""
        return str(self.target)

    def ask_otherwise(self, target: Target, settings: Settings, asks: Asks) -> None:
        """Ask it in another way from now on; what it holds stays until it answers."""
        self.target, self.settings, self.asks = target, settings, asks
        self.answer = None
        self.memory.settle(settings)
