"""Writes back to Kubernetes what became of its objects: the leader's work, once a second at most.

While this replica does not lead, nothing is kept and every event is ignored. When it starts to
lead, it looks at everything once; from then on at what has changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from typing import Final

import structlog

from straightway.api import Gateway
from straightway.catalog import keys
from straightway.discovery import Callbacks, ClientState
from straightway.documents import Change, ChangeListener, Problem, ProblemStore, Reference
from straightway.kubernetes.requests import Requests
from straightway.kubernetes.resources import Resource
from straightway.writeback.identifying import Identifier
from straightway.writeback.kinds import status_kind
from straightway.writeback.knowledge import Knowledge, Own
from straightway.writeback.leader import Leader
from straightway.writeback.progress import Progress
from straightway.writeback.recorder import Recorder
from straightway.writeback.rejections import Nack
from straightway.writeback.sight import Sight, Streams
from straightway.writeback.teller import Teller
from straightway.writeback.writer import Writer

_log = structlog.get_logger()

MANAGER: Final = "straightway"
"""The field manager without a revision."""
GATHER: Final = 0.2
"""For how long changes are gathered, in seconds: a check follows what it is about."""
PERIOD: Final = 1.0
"""How often the streams are looked at while something is on its way, in seconds."""
PROXIES_FIRST: Final = 10.0
"""For how many seconds writing waits for proxies that are being served, at most."""
PROXIES_RETURN: Final = 30.0
"""Within how many seconds after the start proxies are expected to have come back."""
_STEP: Final = 50
"""How many objects are looked at before others on the event loop have their turn."""


def manager_of(revision: str | None) -> str:
    """Return the field manager of a revision: each writes, and takes away, only its own."""
    return f"{MANAGER}-{revision}" if revision else MANAGER


class Writeback(ChangeListener, Callbacks):
    """Keeps the status of a source's objects, and tells Events about them, while it leads.

    ``source`` is the name of the source whose objects are in the cluster, and ``namespaces`` are
    those that it reads, () for all. ``manager`` is the field manager: control planes that share a
    cluster need different ones. Make it a listener of the control loop and of the discovery server,
    and run it.
    """

    def __init__(
        self,
        client: Requests,
        leader: Leader,
        problems: ProblemStore,
        *,
        source: str,
        namespaces: Collection[str] = (),
        manager: str = MANAGER,
        proxies_return: float = PROXIES_RETURN,
    ) -> None:
        self.leader = leader
        self._namespaces = tuple(namespaces) or ("",)
        self._proxies_return = proxies_return
        self._standing_problems = problems
        problems.listen(self._problems_changed)
        self.writer = Writer(client, manager)
        self._knowledge = Knowledge(source)
        identifier = Identifier(client, self._knowledge.standing, self.writer.has)
        self._recorder = Recorder(client, leader.identity, identifier.identify)
        self._teller = Teller(self._knowledge, self.writer, self._recorder)
        self._sight: Sight | None = None
        self._streams: Streams | None = None
        self._is_active = False
        self._due = asyncio.Event()
        self._dirty: dict[Reference, None] = {}
        self._progress = Progress()
        self._stopped = asyncio.Event()
        leader.listen(lambda is_leading: None if is_leading else self._stopped.set())

    async def run(self, control: Sight, discovery: Streams) -> None:
        """Write whenever this replica leads, until cancelled."""
        self._sight, self._streams = control, discovery
        self._knowledge.look_at(control)
        while True:
            self._stopped.clear()
            await self.leader.wait()
            try:
                async with asyncio.TaskGroup() as tasks:
                    leading = [
                        tasks.create_task(self._lead()),
                        tasks.create_task(self.writer.run()),
                        tasks.create_task(self._recorder.run()),
                    ]
                    await self._stopped.wait()
                    for task in leading:
                        task.cancel()
            finally:
                self._stop()

    # --- What happens ---

    def ask_for_own(self, own: Own) -> None:
        """Have ``own`` say what the fields of our own kinds are, of an object at a time."""
        self._knowledge.ask_for_own(own)

    def own_changed(self, references: Iterable[Reference]) -> None:
        """Note objects of our own kinds whose fields may be others now."""
        for reference in references if self._is_active else ():
            self._touch(reference)

    def changed(self, change: Change) -> None:
        """Note objects that came into force, changed or went."""
        if not self._is_active:
            return
        for reference in (*change.added, *change.changed):
            if status_kind(reference) is not None:
                self._note_changed(reference)
            elif reference.kind == "Service":
                self._note_gateways()
        for reference in change.removed:
            self._progress.gone(reference)
            self._knowledge.not_in_force(reference)
            self._touch(reference)
        if any(each.kind == "Gateway" for each in (*change.added, *change.changed)):
            self._progress.audiences_changed()
        self._due.set()

    def moved(self, references: Sequence[Reference]) -> None:
        """Note objects of which there is a new document that means the same.

        Its generation may be another.
        """
        for reference in references if self._is_active else ():
            self._knowledge.moved(reference)
            self._touch(reference)

    def seen(self, resource: Resource, key: str, version: str) -> None:
        """Note the resourceVersion of an object: someone else may have written its status."""
        if self._is_active:
            namespace, _, name = key.partition("/")
            self.writer.touched(Reference(resource.group, resource.kind, namespace, name), version)

    def published(self) -> None:
        """Note that what is in force is on its way to the proxies."""
        if self._is_active:
            self._progress.published(self._now())
            self._due.set()

    def stream_opened(self, client: ClientState) -> None:
        """Note that there is a proxy more."""
        if self._is_active:
            self._progress.audiences_changed()
            self._due.set()

    def nacked(
        self, client: ClientState, type_url: str, error_message: str, names: Sequence[str]
    ) -> None:
        """Note a rejection."""
        if self._is_active:
            self._progress.nacked(Nack(client, type_url, error_message, tuple(names)))
            self._due.set()

    def _problems_changed(self, appeared: Sequence[Problem], solved: Sequence[Problem]) -> None:
        if not self._is_active:
            return
        for problem in solved:
            if problem.reference is not None:
                self._knowledge.solved(problem, problem.reference)
                self._touch(problem.reference)
        for problem in appeared:
            self._take_in(problem, counts=True)

    def _take_in(self, problem: Problem, *, counts: bool) -> None:
        reference = problem.reference
        if reference is None:
            return
        self._knowledge.appeared(problem, reference)
        self._touch(reference)
        self._teller.found(problem, reference, counts=counts)

    def _note_changed(self, reference: Reference) -> None:
        self._knowledge.unsaid(reference)
        self._knowledge.in_force(reference)
        self._progress.changed(reference)
        self._touch(reference)

    def _note_gateways(self) -> None:
        if self._sight is not None:
            for gateway in self._sight.catalog.objects_at(keys.of_kind(Gateway)):
                self._touch(gateway)

    def _touch(self, reference: Reference) -> None:
        if status_kind(reference) is not None:
            self._dirty[reference] = None
            self._due.set()

    # --- The leader's loop ---

    async def _lead(self) -> None:
        """Look at everything, and then at what has changed."""
        assert self._sight is not None
        await self._sight.synced.wait()
        assert self._streams is not None
        # At a start with thousands of objects their status costs as much as serving them.
        await self._progress.wait_for_proxies(self._streams, PROXIES_FIRST)
        self._is_active = True
        await self._load()
        await self._look_at_everything()
        while True:
            await self._wait()
            await asyncio.sleep(GATHER)
            self._due.clear()
            try:
                await self._tick()
            except Exception:  # noqa: BLE001 (the edge of our own code: logged with its cause)
                _log.exception("internal error, a status is not written")
            await asyncio.sleep(PERIOD - GATHER)

    async def _wait(self) -> None:
        """Wait until something has happened, or is to be looked at again."""
        if self._progress.needs_looks:
            return
        await self._due.wait()

    def _stop(self) -> None:
        self._is_active = False
        self._dirty.clear()
        self._teller.clear()
        self._knowledge.clear()
        self._progress.clear()
        self.writer.reset()
        self._recorder.reset()

    async def _load(self) -> None:
        """Read the status that all objects have."""
        for kind, version in self._knowledge.kinds_in_use().items():
            await self.writer.load(kind, version, self._namespaces)

    async def _look_at_everything(self) -> None:
        self._progress.begin(no_proxies_before=self._now() + self._proxies_return)
        for number, problem in enumerate(self._standing_problems.standing):
            self._take_in(problem, counts=False)
            if not number % _STEP:
                await asyncio.sleep(0)
        for number, reference in enumerate(self._knowledge.objects):
            if status_kind(reference) is not None:
                self._dirty[reference] = None
                self._knowledge.in_force(reference)
                if not self._teller.is_programmed(reference):
                    self._note_changed(reference)
            if not number % _STEP:
                await asyncio.sleep(0)
        self._progress.published(self._now())
        self._due.set()

    async def _tick(self) -> None:
        if self._progress.is_under_way:
            await self._look_at_proxies()
        dirty, self._dirty = self._dirty, {}
        for number, reference in enumerate(dirty):
            try:
                self._teller.renew(reference)
            except Exception:  # noqa: BLE001 (a bug at one object must not cost the others)
                _log.exception("internal error, a status is not written", object=str(reference))
            if not number % _STEP:
                await asyncio.sleep(0)

    async def _look_at_proxies(self) -> None:
        assert self._sight is not None
        assert self._streams is not None
        deliveries, now = self._streams.deliveries(), self._now()
        for rejection in self._progress.rejections(deliveries, self._sight, self._is_there, now):
            if rejection is None:
                await asyncio.sleep(0)
            else:
                self._teller.rejected(*rejection)
        for news in self._progress.news(deliveries, self._sight, now):
            if news is None:
                await asyncio.sleep(0)
            else:
                reference, programming = news
                self._knowledge.programmed(reference, programming)
                self._dirty[reference] = None

    def _is_there(self, reference: Reference) -> bool:
        return self._knowledge.standing(reference) is not None

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
