"""Making: the catalog changed, and what is stale then made again, piece by piece.

Everything here runs on the event loop and gives way between pieces, so both lanes of the control
loop may be in here at once: one continues where the catalog is when its turn comes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from typing import Any

import structlog

from straightway.api import ApiObject
from straightway.catalog import WORKLOAD_KINDS, Catalog, Key, Observation
from straightway.control.checking import Checking
from straightway.control.garbage import Garbage
from straightway.control.interest import Interest
from straightway.control.pace import Breath
from straightway.control.published import Published
from straightway.discovery import Cache
from straightway.documents import Change, ProblemStore, Reference, Steps
from straightway.intake import Intake
from straightway.proxies.audience import Audience
from straightway.snapshots import Snapshot, pieces_of, snapshot_of
from straightway.snapshots.assignments import assignment
from straightway.snapshots.origins import origins_of
from straightway.snapshots.reach import audiences_of
from straightway.units import Call, NotMadeError, Units

_log = structlog.get_logger()

Pending = dict[Reference, ApiObject | None]
"""Objects that are to be put in force, or taken out (None)."""

_AT_ONCE = 40
"""How many objects are put into the catalog without giving way: some milliseconds of work."""
_MANY = 200
"""How many stale units are much to make again."""


class Making:
    """Puts changes into the catalog, and keeps what was made from it true.

    ``mistaken`` is told of a unit that raised: a mistake of ours. What it made before stays.
    ``taken`` is told of each change of the catalog.
    """

    def __init__(
        self,
        catalog: Catalog,
        cache: Cache,
        interest: Interest,
        intake: Intake,
        problems: ProblemStore,
        garbage: Garbage,
        mistaken: Callable[[Call, Exception], None],
        taken: Callable[[Change], None],
    ) -> None:
        self._catalog = catalog
        self._taken = taken
        self._interest = interest
        self._garbage = garbage
        self.units = Units(catalog, mistaken=mistaken)
        """Everything that was made, for figures."""
        self._published = Published(cache, self.units)
        self._checking = Checking(self.units, intake, problems)
        # Held while the catalog is changed: half of one change is not sent.
        self._changing = asyncio.Lock()
        # What is stale, and of this what is no assignment. A mistake at one leaves the rest here.
        self._stale: dict[Call, None] = {}
        self._stale_audiences: dict[Audience, None] = {}
        self._due_checks: dict[Call, None] = {}
        self._followed: dict[Call, Callable[[Any], None]] = {}
        self._told: dict[Call, Any] = {}
        self._much_is_stale = False

    # --- Changes ---

    async def take(
        self,
        pending: Pending,
        breath: Breath,
        *,
        prepare: Callable[[Pending], Awaitable[None]] | None = None,
    ) -> set[Key]:
        """Put pending changes into the catalog, giving way in between.

        Returns the keys that differ. What becomes pending meanwhile is left to the next time.
        ``prepare`` is called with the changes that are next, and must raise nothing.
        """
        keys: set[Key] = set()
        added, changed, removed = list[Reference](), list[Reference](), list[Reference]()
        for some in _portions(pending):
            if prepare is not None:
                await prepare(some)
            async with self._changing:
                for reference, after in some.items():
                    before = self._catalog.object(reference)
                    if after is not before:
                        found = added if before is None else removed if after is None else changed
                        found.append(reference)
                keys |= await breath.through(self._change(some))
            await breath.take()
        self._taken(Change(tuple(added), tuple(changed), tuple(removed)))
        return keys

    def _change(self, changes: Pending) -> Steps[set[Key]]:
        changed = yield from self._catalog.changing(changes)
        marked = self.units.marked
        yield from self.units.marking(changed)
        self._much_is_stale |= self.units.marked - marked > _MANY
        self._due_checks.update(dict.fromkeys(self._checking.follow(changes)))
        return changed

    async def observe(self, workload: Reference, held: Mapping[str, Observation]) -> None:
        """Take in what a workload was observed to hold."""
        async with self._changing:
            self.units.changed(self._catalog.observe(workload, held))

    def follow(self, call: Call, tell: Callable[[Any], None]) -> None:
        """Tell ``tell`` the value of a unit, now and whenever it changes."""
        self._followed[call] = tell
        self.units.hold(call)

    async def tell_followers(self, breath: Breath) -> None:
        """Tell what is followed before anything else is made."""
        for call in self._followed:
            await self._tell_renewed(call, breath)

    # --- What is stale ---

    async def renew(self, breath: Breath) -> bool:
        """Send the assignments that are stale; return whether anything else is."""
        self._stale.update(dict.fromkeys(self.units.take_stale()))
        if len(self._stale) <= _MANY:
            await self._renew(breath)
        else:
            with self._garbage.paused():
                await self._renew(breath)
                self._garbage.leave_alone()
        return bool(self._stale_audiences or self._due_checks)

    async def _renew(self, breath: Breath) -> None:
        while self._stale:
            call = next(iter(self._stale))
            del self._stale[call]
            if call.make is assignment:
                await breath.through(self.units.renewing(call))
                async with self._changing:
                    self._published.renew(call)
                await breath.take()
            elif call.make is snapshot_of:
                (audience,) = call.args
                assert isinstance(audience, Audience)
                self._stale_audiences[audience] = None
            else:
                self._due_checks[call] = None

    @property
    def waiting(self) -> list[Audience]:
        """The audiences that are wanted and have no snapshot yet."""
        return [each for each in self._interest.wanted if not self._published.has(each)]

    async def refresh(self, breath: Breath, *, is_large: bool) -> None:
        """Give each audience that is stale, or new, what it is to have now.

        ``is_large`` says that much was changed, so that what is made stays for long.
        """
        is_large |= self._much_is_stale
        self._much_is_stale = False
        has_new = bool(self.waiting)
        with self._garbage.paused() if is_large or has_new else nullcontext():
            await self._refresh(breath)
            if is_large:
                self._garbage.leave_alone(len(self.units))
            elif has_new:
                self._garbage.leave_alone_if_grown(len(self.units))

    async def _refresh(self, breath: Breath) -> None:
        wanted, stale = self._interest.wanted, self._stale_audiences
        with self.units.keeping():
            for audience in [each for each in self._published.audiences if each not in wanted]:
                self._published.withdraw(audience)
                await breath.take()
            await self.renew(breath)
            stale.update(dict.fromkeys(self.waiting))
            while stale:
                audience = next(iter(stale))
                del stale[audience]
                if audience in wanted:
                    await self._refresh_one(audience, breath)
                    await breath.take()
            await breath.through(self.units.forgetting())

    async def _refresh_one(self, audience: Audience, breath: Breath) -> None:
        call = Call(snapshot_of, (audience,))
        try:
            # One changed object may stand for much: a rule for the mesh, a Gateway for all routes.
            for piece in pieces_of(self.units, audience):
                self.units.get_or_none(piece)
                await breath.take()
            before = self._published.snapshot(audience)
            assignments = self.units.get(call).assignments
            if before is None or assignments is not before.assignments:
                for piece in assignments:
                    self.units.get_or_none(piece)
                    await breath.take()
            if audience in self._interest.wanted:
                self._publish(audience, self.units.get(call))
        except NotMadeError:
            pass  # A mistake of ours, which has been told: what was sent stays.

    def _publish(self, audience: Audience, snapshot: Snapshot) -> None:
        before = self._published.snapshot(audience)
        if not snapshot.listens and (before is None or before.listens):
            _log.warning(
                "proxies have nothing to serve",
                audience=str(audience),
                remedy="compare the Gateway's selector with the labels in the proxy's bootstrap",
            )
        self._published.publish(audience, snapshot)

    def moved(self, references: Iterable[Reference]) -> bool:
        """Note objects that may be written elsewhere now; return whether :meth:`check` is due."""
        return self._checking.moved(references)

    async def check(self, breath: Breath) -> None:
        """Run the checks that may find something else now, or find it elsewhere."""
        while self._due_checks:
            call = next(iter(self._due_checks))
            del self._due_checks[call]
            if call in self._followed:
                await self._tell_renewed(call, breath)
            else:
                self._checking.run(call)
            await breath.take()
        await breath.through(self._checking.relocated())

    async def _tell_renewed(self, call: Call, breath: Breath) -> None:
        await breath.through(self.units.renewing(call))
        value = self.units.get_or_none(call)
        if value is not None and value != self._told.get(call):
            self._told[call] = value
            self._followed[call](value)

    # --- What is known ---

    def origins(
        self, audience: Hashable, type_url: str, name: str, words: str = ""
    ) -> list[Reference]:
        """Return the objects that a resource of an audience was made from.

        ``words`` are Envoy's own about it: where they name a part of the resource, such as a
        virtual host, only what that was made from counts.
        """
        if not isinstance(audience, Audience) or not self._published.has(audience):
            return []
        return sorted(origins_of(self.units, audience, type_url, name, words))

    def audiences_of(self, reference: Reference) -> frozenset[Audience]:
        """Return the audiences whose proxies get something that an object is part of."""
        return audiences_of(self.units, reference, self._published.audiences)


def _portions(pending: Pending) -> Iterator[Pending]:
    """Take what is pending, some of it at a time.

    Objects that there are go before those that are gone, so that what replaces another is there
    first; workloads go last, because services decide by which labels they are listed.
    """
    order = list(pending)
    if len(order) > _AT_ONCE:
        order.sort(key=lambda each: (each.kind in WORKLOAD_KINDS, pending[each] is None))
    for start in range(0, len(order), _AT_ONCE):
        some = order[start : start + _AT_ONCE]
        yield {each: pending.pop(each) for each in some if each in pending}
