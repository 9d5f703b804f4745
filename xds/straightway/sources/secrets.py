"""Follows the Secrets that somebody wants, each by its name: no others are ever read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import NamedTuple

from straightway.kubernetes.client import Client
from straightway.kubernetes.follower import Audience, Follower
from straightway.kubernetes.resources import SECRETS

MOST = 1_000
"""How many Secrets are followed: each takes a connection to the API server."""


_PAUSE = 0.01
"""Seconds between two that start: each opens a connection, which takes two or three milliseconds
of work for TLS. Hundreds at once would stop the event loop for a tenth of a second.
"""


class SecretName(NamedTuple):
    """Where a Secret is."""

    namespace: str
    name: str


Found = Callable[[SecretName, bool | None], None]
"""Called with a Secret that is wanted, and whether it is there; None if nobody can tell."""


class Secrets:
    """Keeps a follower for each Secret that is wanted, and none for any other.

    ``audience`` is told what they find, and ``dropped`` of each that stops.
    """

    def __init__(
        self, client: Client, audience: Audience, dropped: Callable[[Follower], None]
    ) -> None:
        self._client = client
        self._audience = audience
        self._dropped = dropped
        self._followers: dict[SecretName, Follower] = {}
        self._running: dict[SecretName, asyncio.Task[None]] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._next_start = 0.0

    def run_in(self, tasks: asyncio.TaskGroup) -> None:
        """Run the followers in a group, now and from now on."""
        self._tasks = tasks
        for name in self._followers:
            self._start(name)

    def want(self, names: Iterable[SecretName]) -> int:
        """Follow these and no others, the first :data:`MOST`; return how many are left out."""
        every = dict.fromkeys(names)
        wanted = dict.fromkeys(list(every)[:MOST])
        for name in [each for each in self._followers if each not in wanted]:
            self._stop(name)
        for name in wanted:
            if name not in self._followers:
                self._followers[name] = Follower(
                    self._client, SECRETS, name.namespace, self._audience, name.name
                )
                self._start(name)
        return len(every) - len(wanted)

    def _start(self, name: SecretName) -> None:
        if self._tasks is None:
            return
        now = asyncio.get_running_loop().time()
        start = max(now, self._next_start)
        self._next_start = start + _PAUSE
        follow = _follow(self._followers[name], after=start - now)
        self._running[name] = self._tasks.create_task(follow)

    def _stop(self, name: SecretName) -> None:
        follower = self._followers.pop(name)
        if name in self._running:
            self._running.pop(name).cancel()
        self._dropped(follower)


async def _follow(follower: Follower, *, after: float) -> None:
    await asyncio.sleep(after)
    await follower.run()


def name_of(follower: Follower) -> SecretName:
    """Return the Secret that a follower is for."""
    return SecretName(follower.namespace, follower.name)
