"""The models that a runtime holds in memory, with eviction of the least recently used.

The order of the steps makes moves safe. A model is loaded before it is published. To unload one,
the runtime withdraws it, keeps serving it for the drain time while proxies learn of the change, and
only then drops it. A model that drains does not count towards ``capacity``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from demo import models
from demo.models import Classifier


@dataclass(frozen=True, slots=True)
class _Retirement:
    """A withdrawn model: the timer that drops it, and an event for the end of the drain."""

    timer: asyncio.TimerHandle
    over: asyncio.Event = field(default_factory=asyncio.Event)


class Shelf:
    """Models in memory by name, least recently used first."""

    def __init__(
        self,
        folder: Path,
        capacity: int,
        drain_seconds: float,
        publish: Callable[[Sequence[str]], None],
    ) -> None:
        """Hold at most ``capacity`` models from ``folder``.

        Whenever the published models change, ``publish`` is called in a thread with all their
        names; when it returns, other processes can see the change.
        """
        self._folder = folder
        self._capacity = capacity
        self._drain_seconds = drain_seconds
        self._publish = publish
        self._held: dict[str, Classifier] = {}
        self._retiring: dict[str, _Retirement] = {}
        self._changing = asyncio.Lock()

    @property
    def held(self) -> tuple[str, ...]:
        """All models in memory, least recently used first, including those that drain."""
        return tuple(self._held)

    @property
    def published(self) -> tuple[str, ...]:
        """The models that this runtime publishes."""
        return tuple(name for name in self._held if name not in self._retiring)

    def take(self, name: str) -> Classifier | None:
        """Return a model if it is in memory, and mark it as used."""
        classifier = self._held.pop(name, None)
        if classifier is not None:
            self._held[name] = classifier
        return classifier

    async def load(self, name: str) -> Classifier:
        """Load a model unless it is held, evict others if needed, and publish it.

        Loading a model that drains cancels its drain. Raises ``UnknownModelError``.
        """
        async with self._changing:
            if name in self.published:
                return self._held[name]
            if name in self._held:
                classifier = self._held[name]
            else:
                classifier = await asyncio.to_thread(models.load, self._folder, name)
            surplus = max(0, len(self.published) + 1 - self._capacity)
            for victim in self.published[:surplus]:
                self._retire(victim)
            self._end_retirement(name)
            self._held[name] = classifier
            await self._tell()
            return classifier

    async def unload(self, name: str) -> None:
        """Withdraw a model, serve it for the drain time, and drop it; do nothing if it is not held.

        Returns when the model is dropped, or loaded again.
        """
        async with self._changing:
            if name in self.published:
                self._retire(name)
                await self._tell()
        retirement = self._retiring.get(name)
        if retirement:
            await retirement.over.wait()

    def _retire(self, name: str) -> None:
        timer = asyncio.get_running_loop().call_later(self._drain_seconds, self._drop, name)
        self._retiring[name] = _Retirement(timer)

    def _drop(self, name: str) -> None:
        del self._held[name]
        self._end_retirement(name)

    def _end_retirement(self, name: str) -> None:
        retirement = self._retiring.pop(name, None)
        if retirement:
            retirement.timer.cancel()
            retirement.over.set()

    async def _tell(self) -> None:
        await asyncio.to_thread(self._publish, self.published)
