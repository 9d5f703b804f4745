"""The control loop: changes of the sources in, snapshots for the audiences of Envoys out.

There are two lanes. Endpoints go their own way: what a workload holds now is in force at once, and
what follows is gathered for some milliseconds. All else waits for a quiet time, for an apply of
many files is one change. Both lanes change the one catalog; what is stale then is made again piece
by piece, so that neither lane, nor any stream, waits for the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import (
    Awaitable,
    Callable,
    Collection,
    Hashable,
    Iterator,
    Mapping,
)
from contextlib import contextmanager, suppress
from functools import partial
from time import time
from typing import Any

import structlog

from straightway.api import Gateway, VirtualService
from straightway.catalog import WORKLOAD_KINDS, Catalog, Key, Observation, keys
from straightway.catalog.observations import looked_up
from straightway.control.garbage import Garbage
from straightway.control.inflow import Inflow
from straightway.control.interest import Interest
from straightway.control.making import Making, Pending
from straightway.control.naming import Count, Naming
from straightway.control.pace import Breath, Debounce
from straightway.discovery import Cache
from straightway.documents import (
    Change,
    ChangeListener,
    Finding,
    Problem,
    ProblemStore,
    Reference,
)
from straightway.intake import Accepted, Intake, Standing
from straightway.proxies.audience import Audience
from straightway.sources import Update
from straightway.units import Call, Units

_log = structlog.get_logger()

ENDPOINTS_PAUSE = 0.010
"""For how many seconds changes of endpoints are gathered after one that was put in force."""
_MANY_ENDPOINTS = 8
_LONGER = 3
"""By how much longer they are gathered after so many at once, as in a rollout: neighbours share
assignments, each of which is joined and sent again every time.
"""
CONFIG = Debounce(quiet=0.100, limit=1.0)
"""For all else: an apply of many files is one change."""

_AUDIENCE_KEYS: frozenset[Key] = frozenset({keys.PROXY_LABELS, keys.NAMESPACES, keys.HTTP_PORTS})
_RETRY_SECONDS = 1.0
_LARGE = 50
"""Of how many changed objects on everything is made piece by piece."""


class Control:
    """Keeps the cache true to the sources, for the audiences that streams want.

    ``sources`` are the names of all that will call :meth:`apply`: nothing is in force before each
    of them has its first listing in. ``listener`` hears of each change after the first config.
    """

    def __init__(
        self,
        catalog: Catalog,
        cache: Cache,
        *,
        sources: Collection[str],
        intake: Intake,
        interest: Interest,
        problems: ProblemStore,
        listener: ChangeListener | None = None,
        endpoints_pause: float = ENDPOINTS_PAUSE,
        config: Debounce = CONFIG,
    ) -> None:
        self.catalog = catalog
        self.synced = asyncio.Event()
        garbage = Garbage()
        self._making = Making(
            catalog, cache, interest, intake, problems, garbage, self._mistaken, self._taken
        )
        self._listener = listener or ChangeListener()
        self._inflow = Inflow(
            intake, self._accept, self._give_up, self._source_synced, self._lost, garbage
        )
        self._intake = intake
        self._problems = problems
        self._endpoints_pause = endpoints_pause
        self._config = config
        self._unsynced = set(sources)
        self._pending_endpoints: Pending = {}
        self._pending_config: Pending = {}
        self._observed: dict[Reference, Mapping[str, Observation]] = {}
        self._looked_up: dict[Reference, Mapping[str, Observation]] = {}
        self._endpoints_due = asyncio.Event()
        self._config_due = interest.changed
        self._config_changed_at = 0.0
        self._rekey_due = False
        self._contained_mistakes = 0
        self._prepare: Callable[[], Awaitable[None]] | None = None
        self._naming: Naming | None = None

    # --- From the sources ---

    def apply(self, source: str, update: Update) -> None:
        """Take in an update of a source, at once or in its turn; :meth:`run` puts it in force.

        Raises nothing: a mistake of ours is told, counted, and must not end the source.
        """
        completes = update.synced and source in self._unsynced
        with self._contained("internal error, an update is left out"):
            self._inflow.put(source, update, completes=completes, may_overtake=self.synced.is_set())

    def observe(self, workload: Reference, held: Mapping[str, Observation]) -> None:
        """Take in what a workload was observed to hold now, by subset key; {} for nothing known."""
        self._observed[workload] = held
        self._endpoints_due.set()

    def follow(self, unit: Call, tell: Callable[[Any], None]) -> None:
        """Tell ``tell`` the value of a unit once config is in force, and whenever it changes.

        A unit that reads nothing costs nothing. ``tell`` must not raise.
        """
        self._making.follow(unit, tell)

    def follow_labels(self, count: Count) -> None:
        """Tell ``count`` which labels and annotations of workloads count, from the first config on.

        A source that keeps changes of others to itself, until one of them counts, saves most of
        their cost.
        """
        self._naming = Naming(self.catalog, count)

    def before_first(self, prepare: Callable[[], Awaitable[None]]) -> None:
        """Have ``prepare`` observe what the first config needs, before that is in force.

        What units were to be followed (:meth:`follow`) has been told by then.
        """
        self._prepare = prepare

    def looked_up(self, secret: Reference, *, is_there: bool | None) -> None:
        """Take in whether a Secret that was wanted is there; None if nobody looks for it."""
        found = {} if is_there is None else looked_up(is_there=is_there, at=time(), origin="")
        self._looked_up[secret] = found
        self._config_due.set()

    def _source_synced(self, source: str) -> None:
        self._unsynced.discard(source)
        self._config_due.set()

    def _accept(self, accepted: Accepted) -> None:
        for reference, item in accepted.changes.items():
            if reference.kind in WORKLOAD_KINDS:
                self._pending_endpoints[reference] = item
                self._endpoints_due.set()
            else:
                self._pending_config[reference] = item
                self._config_changed_at = asyncio.get_running_loop().time()
                self._config_due.set()
        if self._making.moved(accepted.moved):
            self._config_due.set()
        if accepted.moved:
            with self._contained("internal error, a change is not told"):
                self._listener.moved(accepted.moved)
        for line in accepted.passed_over:
            _log.info("unsupported kind", object=line)
        self._problems.update(accepted.problems_changed)

    # --- The lanes ---

    async def run(self, rekey: Callable[[], None]) -> None:
        """Put changes in force as they come, until cancelled.

        ``rekey`` is called when what tells proxies apart has changed.
        """
        async with asyncio.TaskGroup() as lanes:
            lanes.create_task(self._lane(self._inflow.due, self._inflow.take_next))
            lanes.create_task(self._lane(self._endpoints_due, self._next_endpoints))
            lanes.create_task(self._lane(self._config_due, partial(self._next_config, rekey)))
            lanes.create_task(self._expire())

    async def _lane(self, due: asyncio.Event, step: Callable[[], Awaitable[None]]) -> None:
        """Take step after step; a mistake of ours in one is told, and the next is taken."""
        while True:
            await due.wait()
            try:
                await step()
            except Exception:  # noqa: BLE001 (the edge of our own code: logged with its cause)
                self._contained_mistakes += 1
                _log.exception("a change could not be put in force, what was sent stays")
                await asyncio.sleep(_RETRY_SECONDS)
                due.set()
                self._config_due.set()

    async def _next_endpoints(self) -> None:
        await self.synced.wait()
        self._endpoints_due.clear()
        breath = Breath()
        count = len(self._pending_endpoints) + len(self._observed)
        await self._making.take(self._pending_endpoints, breath)
        await self._take_observed(breath)
        if await self._making.renew(breath):
            self._config_due.set()
        await asyncio.sleep(self._endpoints_pause * (_LONGER if count > _MANY_ENDPOINTS else 1))

    async def _take_observed(self, breath: Breath) -> None:
        while self._observed:
            # One by one: a mistake at one leaves the rest here.
            workload = next(iter(self._observed))
            held = self._observed.pop(workload)
            with self._contained("internal error, an observation is left out"):
                await self._making.observe(workload, held)
            await breath.take()

    async def _next_config(self, rekey: Callable[[], None]) -> None:
        if self._unsynced:
            # What is missing is not known to be missing yet.
            self._config_due.clear()
            return
        is_first = not self.synced.is_set()
        if is_first:
            # Together, for services decide how workloads are listed.
            self._pending_config |= self._pending_endpoints
            self._pending_endpoints.clear()
        else:
            await self._settle()
        self._config_due.clear()
        is_large = is_first or len(self._pending_config) > _LARGE
        take = self._making.take
        changed = await take(self._pending_config, Breath(), prepare=self._name)
        while self._looked_up:
            # After the Secrets themselves, so that none is missed between the two.
            await self._making.observe(*self._looked_up.popitem())
        if is_first or not _AUDIENCE_KEYS.isdisjoint(changed):
            self._rekey_due = True
        if is_first and self._prepare is not None:
            with self._contained("internal error, runtimes are asked later"):
                await self._making.tell_followers(Breath())
                await self._prepare()
            await self._take_observed(Breath())
        if self._rekey_due:
            # First of all, for it changes which audiences are wanted.
            self._rekey(rekey)
        await self._put_in_force(is_large=is_large)
        if is_first:
            self._tell_first()
        if self._naming is not None and (is_first or keys.LABEL_NAMES in changed):
            with self._contained("internal error, labels count that nobody reads"):
                await self._naming.agree()

    async def _name(self, changes: Pending) -> None:
        """Take in the newest labels that changes name, before these are in force."""
        if self._naming is None:
            return
        with self._contained("internal error, labels may be old until they change again"):
            if await self._naming.grow(changes.values()):
                await self._inflow.settled()
                await self._making.take(self._pending_endpoints, Breath())
                self._endpoints_due.set()

    async def _put_in_force(self, *, is_large: bool) -> None:
        breath = Breath()
        await self._making.refresh(breath, is_large=is_large)
        # Nobody waits for the checks.
        self.synced.set()
        with self._contained("internal error, a change is not told"):
            self._listener.published()
        await self._making.check(breath)

    def _rekey(self, rekey: Callable[[], None]) -> None:
        with self._contained("internal error, proxies keep the audiences that they had"):
            rekey()
            self._rekey_due = False
        if self._rekey_due:
            asyncio.get_running_loop().call_later(_RETRY_SECONDS, self._config_due.set)

    async def _settle(self) -> None:
        """Wait until changes of config pause, within the limit.

        Proxies that have nothing yet do not wait: they get what is in force.
        """
        now = asyncio.get_running_loop().time
        started = now()
        while self._pending_config:
            self._config_due.clear()
            if self._making.waiting:
                await self._put_in_force(is_large=False)
            quiet = self._config_changed_at + self._config.quiet
            rest = min(quiet, started + self._config.limit) - now()
            if rest <= 0:
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(rest):
                    await self._config_due.wait()

    async def _expire(self) -> None:
        """Let go what vanished at once, when the time for which it is held is over."""
        clock = asyncio.get_running_loop().time
        while True:
            due = self._intake.due
            await asyncio.sleep(_RETRY_SECONDS if due is None else max(0.0, due - clock()))
            if due is not None and due <= clock():
                await self._inflow.expire()
                if self._intake.due == due:  # A mistake, which was told.
                    await asyncio.sleep(_RETRY_SECONDS)

    def _give_up(self, accepted: Accepted) -> None:
        if accepted.changes:
            with self._contained("internal error, a change is not told"):
                self._listener.given_up(tuple(accepted.changes))
        self._accept(accepted)

    @property
    def units(self) -> Units:
        """All that was made, to be read."""
        return self._making.units

    # --- What is told ---

    def _taken(self, change: Change) -> None:
        if self.synced.is_set() and change != Change():
            with self._contained("internal error, a change is not told"):
                self._listener.changed(change)

    @property
    def mistakes(self) -> int:
        """How many mistakes of our own were contained, here and on the way here."""
        return self._contained_mistakes + self._intake.mistakes + self.catalog.mistakes

    @contextmanager
    def _contained(self, event: str) -> Iterator[None]:
        """Tell of a mistake of ours inside, count it, and go on."""
        try:
            yield
        except Exception:  # noqa: BLE001 (the edge of our own code: logged with its cause)
            self._lost(event)

    def _lost(self, event: str) -> None:
        """Tell of a mistake of ours that is being handled, and count it."""
        self._contained_mistakes += 1
        _log.exception(event)

    def _mistaken(self, call: Call, mistake: Exception) -> None:
        self._contained_mistakes += 1
        _log.error(
            "internal error, what was made before stays",
            unit=call.make.__name__,
            of=[str(item) for item in call.args],
            exc_info=mistake,
        )

    def _tell_first(self) -> None:
        level = _log.warning if self._problems.errors else _log.info
        level(
            "config in force",
            errors=self._problems.errors,
            services=self.catalog.services,
            gateways=len(self.catalog.objects_at(keys.of_kind(Gateway))),
            virtual_services=len(self.catalog.objects_at(keys.of_kind(VirtualService))),
        )

    def origins(self, audience: Hashable, type_url: str, name: str, words: str = "") -> list[str]:
        """Return the objects, with their places, that a resource of an audience was made from.

        ``words`` are Envoy's own about it: where they name a part of the resource, such as a
        virtual host, only what that was made from counts.
        """
        found = self.objects_behind(audience, type_url, name, words)
        return [f"{item} ({self._intake.origin(item)})" for item in found]

    def objects_behind(
        self, audience: Hashable, type_url: str, name: str, words: str = ""
    ) -> list[Reference]:
        """Return the objects that :meth:`origins` names."""
        return self._making.origins(audience, type_url, name, words)

    def located(self, finding: Finding) -> Problem:
        """Return a finding as a problem, with the place where its object is written."""
        return self._intake.problem(finding)

    def audiences_of(self, reference: Reference) -> frozenset[Audience]:
        """Return the audiences whose proxies get something that an object is part of."""
        return self._making.audiences_of(reference)

    def standing(self, reference: Reference, source: str) -> Standing | None:
        """Return what is known of an object as a source has it; None if the source has none."""
        return self._intake.standing(reference, source)

    def standing_of(self, source: str) -> list[Reference]:
        """Return the objects that a source has, right or wrong, in no particular order."""
        return self._intake.standing_of(source)
