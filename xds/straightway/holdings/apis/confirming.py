"""What only a request for each model tells: asked in turn, within a share of the runtime's time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from itertools import zip_longest
from typing import Final, Generic, TypeVar

from straightway.holdings.pools import Settings

T = TypeVar("T")

SHARE: Final = 0.05
"""The share of its time for which a runtime may be kept busy by questions that cost it much."""


class Confirmations(Generic[T]):
    """What is known of each name, and in which order the names are asked again.

    A new name is asked at once. Of the others as many are asked as the share allows, with a few
    models all of them: in turn one that is settled and one that is not, each kind in the order in
    which it was asked. So a model that loads is noticed soon among a hundred that are ready, and
    one that goes is noticed among a hundred that have failed.
    """

    def __init__(self, is_settled: Callable[[T], bool]) -> None:
        self._is_settled = is_settled
        self._known: dict[str, T] = {}  # What was asked longest ago is the first.

    def clear(self) -> None:
        """Forget everything, as after a restart."""
        self._known.clear()

    async def of(
        self, names: Iterable[str], ask: Callable[[str], Awaitable[T]], settings: Settings
    ) -> dict[str, T]:
        """Return what is known of these names; those that could not be asked in time are missing.

        Raises what ``ask`` raises.
        """
        wanted = dict.fromkeys(names)
        known = {name: value for name, value in self._known.items() if name in wanted}
        self._known = known
        turn = list(self._in_turn())
        time = asyncio.get_running_loop().time
        started = time()
        for name in wanted:
            if name not in known and time() - started <= settings.timeout:
                known[name] = await ask(name)
        for name in turn:
            value = await ask(name)
            del known[name]
            known[name] = value
            if time() - started > SHARE * settings.interval:
                break
        return dict(known)

    def _in_turn(self) -> Iterator[str]:
        settled = (name for name, value in self._known.items() if self._is_settled(value))
        others = (name for name, value in self._known.items() if not self._is_settled(value))
        for pair in zip_longest(others, settled):
            yield from (name for name in pair if name is not None)
