"""Inflow: the updates of the sources on their way into the intake.

A small update is taken in at once. A large one is taken in step by step, so that streams and health
checks go on, and what follows waits for it: everything stays in order. Only endpoints overtake
config here, as they do later on: while a large update without any endpoints is being read, a small
one of endpoints alone, in other bundles, is taken in. Nothing is taken in while another update is
being settled.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVarTuple

from straightway.catalog import WORKLOAD_KINDS
from straightway.control.garbage import Garbage
from straightway.control.pace import Breath
from straightway.documents import Bundle, Steps, at_once
from straightway.intake import Accepted, Incoming, Intake
from straightway.sources import Update

Args = TypeVarTuple("Args")

LARGE = 100
"""From how many documents and objects on an update is taken in step by step."""


@dataclass(eq=False)
class _Arrival:
    """Something to take in: first what changes nothing yet, then what must not be interrupted."""

    source: str = ""
    bundles: tuple[Bundle, ...] = ()
    read: Steps[None] = field(kw_only=True)
    settle: Steps[None] = field(kw_only=True)

    @cached_property
    def keys(self) -> frozenset[tuple[str, str]]:
        """The bundles, by source and key."""
        return frozenset((self.source, bundle.key) for bundle in self.bundles)


class Inflow:
    """Takes updates in, in order.

    ``accept`` is given what each changes, ``give_up`` what the end of the grace time of vanished
    objects changes, and ``synced`` the name of a source whose first listing is in. ``mistaken`` is
    told what is lost by a mistake of ours, while it is being handled.
    """

    def __init__(
        self,
        intake: Intake,
        accept: Callable[[Accepted], None],
        give_up: Callable[[Accepted], None],
        synced: Callable[[str], None],
        mistaken: Callable[[str], None],
        garbage: Garbage,
    ) -> None:
        self.due = asyncio.Event()
        """Set while :meth:`take_next` has something to do."""
        self._intake = intake
        self._accept = accept
        self._give_up = give_up
        self._synced = synced
        self._mistaken = mistaken
        self._garbage = garbage
        self._waiting: deque[_Arrival] = deque()
        self._is_settling = False
        self._overtaking: list[_Arrival] = []

    # --- What comes in ---

    def put(self, source: str, update: Update, *, completes: bool, may_overtake: bool) -> None:
        """Take in an update now, or in its turn.

        ``completes``: with it the first listing of its source is in. ``may_overtake``: endpoints
        need not wait behind config.
        """
        arrival = self._arrival(source, update.bundles, completes=completes)
        if self._is_large(arrival, completes=completes):
            self._wait(arrival)
        elif not self._waiting:
            at_once(self._steps(arrival))
        elif not may_overtake or not self._overtakes(arrival):
            self._wait(arrival)
        elif self._is_settling:
            self._overtaking.append(arrival)
        else:
            at_once(self._steps(arrival))

    async def expire(self) -> None:
        """Let go what vanished and was held for the grace time, in its turn."""
        over = asyncio.Event()
        self._wait(_Arrival(read=_nothing(), settle=self._expiring(over)))
        await over.wait()

    async def settled(self) -> None:
        """Wait until everything that has come so far is taken in."""
        if self._waiting:
            over = asyncio.Event()
            self._wait(_Arrival(read=_nothing(), settle=_telling(over)))
            await over.wait()

    async def take_next(self) -> None:
        """Take in all that waits, step by step."""
        breath = Breath()
        with self._garbage.paused():
            while self._waiting:
                arrival = self._waiting[0]
                try:
                    await breath.through(arrival.read)
                    self._is_settling = True
                    await breath.through(arrival.settle)
                finally:
                    self._waiting.popleft()
                    self._is_settling = False
                    overtaking, self._overtaking = self._overtaking, []
                    for each in overtaking:
                        at_once(self._steps(each))
            self._garbage.leave_alone()
        self.due.clear()

    def _wait(self, arrival: _Arrival) -> None:
        self._waiting.append(arrival)
        self.due.set()

    # --- In which order ---

    def _is_large(self, arrival: _Arrival, *, completes: bool) -> bool:
        if len(arrival.bundles) > LARGE:
            return True
        source, bundles = arrival.source, arrival.bundles
        if completes and self._intake.left_by_earlier_run(source) > len(bundles):
            return True
        count = sum(
            max(len(bundle.documents), len(self._intake.held_by(source, bundle.key)))
            for bundle in bundles
        )
        return count > LARGE

    def _overtakes(self, arrival: _Arrival) -> bool:
        """Whether an update holds endpoints alone and goes before all that waits."""
        return self._kinds(arrival) <= WORKLOAD_KINDS and all(
            arrival.keys.isdisjoint(each.keys) and self._kinds(each).isdisjoint(WORKLOAD_KINDS)
            for each in self._waiting
        )

    def _kinds(self, arrival: _Arrival) -> set[str]:
        """Return the kinds that bundles hold, and held before."""
        kinds = {
            str(document.body.get("kind"))
            for bundle in arrival.bundles
            for document in bundle.documents
        }
        for bundle in arrival.bundles:
            held = self._intake.held_by(arrival.source, bundle.key)
            kinds.update(slot.reference.kind for slot in held)
        return kinds

    # --- What is done ---

    def _arrival(self, source: str, bundles: tuple[Bundle, ...], *, completes: bool) -> _Arrival:
        incoming = Incoming(source, bundles)
        settle = self._settling(incoming, completes=completes)
        return _Arrival(source, bundles, read=self._reading(incoming), settle=settle)

    def _steps(self, arrival: _Arrival) -> Steps[None]:
        yield from arrival.read
        yield from arrival.settle

    def _reading(self, incoming: Incoming) -> Steps[None]:
        try:
            yield from self._intake.read(incoming)
        except Exception:  # noqa: BLE001 (the edge of our own code: told with its cause)
            self._mistaken("internal error, the rest of an update is left out")

    def _settling(self, incoming: Incoming, *, completes: bool) -> Steps[None]:
        now = asyncio.get_running_loop().time()
        event = "internal error, an update is left out"
        yield from self._accepting(event, self._intake.settle, incoming, now)
        if completes:
            event = "internal error, what an earlier run left is not looked at"
            yield from self._accepting(event, self._intake.complete, incoming.source, now)
            self._synced(incoming.source)

    def _expiring(self, over: asyncio.Event) -> Steps[None]:
        now = asyncio.get_running_loop().time()
        event = "internal error, what vanished is not let go"
        yield from self._accepting(event, self._intake.expire, now, accept=self._give_up)
        over.set()

    def _accepting(
        self,
        event: str,
        work: Callable[[*Args], Steps[Accepted]],
        *args: *Args,
        accept: Callable[[Accepted], None] | None = None,
    ) -> Steps[None]:
        """Accept what some work of the intake changes; a mistake in that is told as an event."""
        try:
            (accept or self._accept)((yield from work(*args)))
        except Exception:  # noqa: BLE001 (the edge of our own code: told with its cause)
            self._mistaken(event)


def _nothing() -> Steps[None]:
    yield from ()


def _telling(over: asyncio.Event) -> Steps[None]:
    yield from ()
    over.set()
