"""Questions to the API server that strangers cause: few at a time, and fair to all addresses.

Whoever reaches the port may show as many tokens as it likes, each of which only the API server can
judge. So an address may ask about few that turn out to be nobody's, and of all that wait, each
address has its turn.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from straightway.identities.newest import Newest
from straightway.token_bucket import TokenBucket

BURST: Final = 50
"""How many questions of an address may be open, or have come to nothing lately."""
RATE: Final = 1.0
"""How many more that come to nothing it may ask per second."""
_MOST: Final = 4096
"""How many addresses are remembered."""


class Budgets:
    """What each address may still ask: a question costs, until it is known to be a good one."""

    def __init__(self) -> None:
        self._buckets: Newest[str, TokenBucket] = Newest(_MOST)

    def spend(self, address: str, now: float) -> bool:
        """Take the price of a question; False if the address cannot pay it now."""
        bucket = self._buckets.get(address) or TokenBucket(RATE, BURST)
        self._buckets.put(address, bucket)
        if bucket.wait(now) > 0:
            return False
        bucket.take(now)
        return True

    def give_back(self, address: str) -> None:
        """Return the price: the question was a good one, or has no answer."""
        bucket = self._buckets.get(address)
        if bucket is not None:
            bucket.give_back()


class Turns:
    """Lets ``at_once`` in at a time; of those that wait, one of each address in turn."""

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def turn(self, address: str) -> AsyncIterator[None]:
        """Wait for the turn of an address; it lasts as long as the context."""
        await self._enter(address)
        try:
            yield
        finally:
            self._leave()

    async def _enter(self, address: str) -> None:
        if self._free:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(address, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # It was given in this moment.
                self._leave()
            raise

    def _leave(self) -> None:
        while self._waiting:
            address, turns = next(iter(self._waiting.items()))
            turn = turns.popleft()
            del self._waiting[address]
            if turns:
                self._waiting[address] = turns  # Behind all others.
            if not turn.done():  # Else whoever waited has gone away.
                turn.set_result(None)
                return
        self._free += 1
