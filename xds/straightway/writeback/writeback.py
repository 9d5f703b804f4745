"""Writes back to Kubernetes what became of its objects: the leader's work, once a second at most.

While this replica does not lead, nothing is kept and every event is ignored. When it starts to
lead, it looks at everything once; from then on at what has changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Hashable, Sequence
from contextlib import suppress
from typing import Final

import structlog

from straightway.api import Gateway
from straightway.catalog import keys
from straightway.discovery import Callbacks, ClientState
from straightway.documents import Change, ChangeListener, Problem, ProblemStore, Reference
from straightway.intake import IntakeCode, Standing
from straightway.kubernetes.errors import ApiError, UnreachableError
from straightway.kubernetes.requests import Requests
from straightway.kubernetes.resources import BY_KIND, Resource
from straightway.writeback.addresses import addresses_of
from straightway.writeback.conditions import Verdict
from straightway.writeback.confirmations import Confirmations
from straightway.writeback.desired import PROGRAMMED, desired
from straightway.writeback.events import Notice
from straightway.writeback.facts import Address, Facts, Programming
from straightway.writeback.kinds import StatusKind, status_kind
from straightway.writeback.leader import Leader
from straightway.writeback.recorder import Recorder
from straightway.writeback.rejections import Nack, Nacks
from straightway.writeback.rollouts import Rollouts
from straightway.writeback.sight import Sight, Streams
from straightway.writeback.status import Known
from straightway.writeback.wording import camel, said
from straightway.writeback.writer import Wanted, Writer

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
_REJECTED: Final = "Rejected"


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
        self._client = client
        self.leader = leader
        self._source = source
        self._namespaces = namespaces or ("",)
        self._proxies_return = proxies_return
        self._standing_problems = problems
        problems.listen(self._problems_changed)
        self.writer = Writer(client, manager)
        self._recorder = Recorder(client, leader.identity, self._identify)
        self._sight: Sight | None = None
        self._streams: Streams | None = None
        self._is_active = False
        self._due = asyncio.Event()
        self._dirty: dict[Reference, None] = {}
        self._problems: dict[Reference, dict[Problem, None]] = {}
        self._api_versions: dict[Reference, str] = {}
        self._said: dict[Reference, Programming] = {}
        # The generation that is in the catalog: the intake may be ahead of it for a moment.
        self._in_force: dict[Reference, int | None] = {}
        self._proxies = Confirmations()
        self._rollouts = Rollouts()
        self._nacks = Nacks()
        self._stopped = asyncio.Event()
        leader.listen(lambda is_leading: None if is_leading else self._stopped.set())

    async def run(self, control: Sight, discovery: Streams) -> None:
        """Write whenever this replica leads, until cancelled."""
        self._sight, self._streams = control, discovery
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
            self._rollouts.forget(reference)
            self._in_force.pop(reference, None)
            self._touch(reference)
        if any(each.kind == "Gateway" for each in (*change.added, *change.changed)):
            self._rollouts.audiences_changed()
        self._due.set()

    def moved(self, references: Sequence[Reference]) -> None:
        """Note objects of which there is a new document that means the same.

        Its generation may be another.
        """
        for reference in references if self._is_active else ():
            if reference in self._in_force:
                self._note_generation(reference)
            self._touch(reference)

    def seen(self, resource: Resource, key: str, version: str) -> None:
        """Note the resourceVersion of an object: someone else may have written its status."""
        if self._is_active:
            namespace, _, name = key.partition("/")
            self.writer.touched(Reference(resource.group, resource.kind, namespace, name), version)

    def published(self) -> None:
        """Note that what is in force is on its way to the proxies."""
        if self._is_active:
            self._rollouts.published(self._proxies.moment, self._now())
            self._rollouts.audiences_changed()
            self._due.set()

    def stream_opened(self, client: ClientState) -> None:
        """Note that there is a proxy more."""
        if self._is_active:
            self._rollouts.audiences_changed()
            self._due.set()

    def nacked(
        self, client: ClientState, type_url: str, error_message: str, names: Sequence[str]
    ) -> None:
        """Note a rejection."""
        if self._is_active:
            self._nacks.add(Nack(client, type_url, error_message, tuple(names)))
            self._due.set()

    def _problems_changed(self, appeared: Sequence[Problem], solved: Sequence[Problem]) -> None:
        if not self._is_active:
            return
        for problem in solved:
            if problem.reference is not None:
                of_object = self._problems.get(problem.reference, {})
                of_object.pop(problem, None)
                if not of_object:
                    self._problems.pop(problem.reference, None)
                self._touch(problem.reference)
        for problem in appeared:
            self._take_in(problem, counts=True)

    def _take_in(self, problem: Problem, *, counts: bool) -> None:
        reference = problem.reference
        if reference is None:
            return
        self._problems.setdefault(reference, {})[problem] = None
        self._touch(reference)
        # The kinds without a status of ours say everything in Events.
        if problem.is_error or status_kind(reference) is None:
            standing = self._standing(reference)
            if standing is not None and _is_about(problem, standing):
                notice = Notice(reference, camel(str(problem.code)), said(problem))
                self._recorder.record(notice, counts=counts)

    def _note_generation(self, reference: Reference) -> None:
        standing = self._standing(reference)
        if standing is not None and standing.serves:
            self._in_force[reference] = standing.serving

    def _note_changed(self, reference: Reference) -> None:
        self._said.pop(reference, None)
        self._note_generation(reference)
        kind = status_kind(reference)
        if kind is not None and not kind.is_endpoint:
            self._rollouts.changed((reference,))
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
        await self._let_proxies_go_first()
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

    async def _let_proxies_go_first(self) -> None:
        """Wait while connected proxies are sent what is in force, for some seconds at most.

        At a start with thousands of objects their status costs as much as serving them.
        """
        assert self._streams is not None
        with suppress(TimeoutError):
            async with asyncio.timeout(PROXIES_FIRST):
                # Nothing tells when a stream has been sent everything; it is asked now and then.
                while not all(each.is_sent for each in self._streams.deliveries()):  # noqa: ASYNC110
                    await asyncio.sleep(GATHER)

    async def _wait(self) -> None:
        """Wait until something has happened, or is to be looked at again."""
        if self._rollouts.needs_looks:
            return
        await self._due.wait()

    def _stop(self) -> None:
        self._is_active = False
        self._dirty.clear()
        for each in (self._problems, self._api_versions, self._said, self._in_force):
            each.clear()
        self._rollouts.clear()
        self._proxies.forget()
        self._nacks.clear()
        self.writer.reset()
        self._recorder.reset()

    async def _load(self) -> None:
        """Read the status that all objects have; what cannot be read now is read one by one."""
        for kind, version in self._kinds_in_use().items():
            try:
                for namespace in self._namespaces:
                    await self.writer.load(kind, version, namespace)
            except (ApiError, UnreachableError) as error:
                _log.info("status of a kind not read", kind=str(kind.resource), reason=str(error))

    def _kinds_in_use(self) -> dict[StatusKind, str]:
        assert self._sight is not None
        found: dict[StatusKind, str] = {}
        for reference in self._sight.standing_of(self._source):
            kind = status_kind(reference)
            if kind is not None and kind not in found:
                standing = self._standing(reference)
                if standing is not None:
                    found[kind] = standing.api_version.rpartition("/")[2]
        return found

    async def _look_at_everything(self) -> None:
        assert self._sight is not None
        self._rollouts.no_proxies_before = self._now() + self._proxies_return
        for number, problem in enumerate(self._standing_problems.standing):
            self._take_in(problem, counts=False)
            if not number % _STEP:
                await asyncio.sleep(0)
        for number, reference in enumerate(self._sight.standing_of(self._source)):
            if status_kind(reference) is not None:
                self._dirty[reference] = None
                self._note_generation(reference)
                if not self._is_programmed(reference):
                    self._note_changed(reference)
            if not number % _STEP:
                await asyncio.sleep(0)
        self._rollouts.published(self._proxies.moment, self._now())
        self._due.set()

    def _is_programmed(self, reference: Reference) -> bool:
        """Whether the last leader has seen all proxies accept the version that is in force."""
        standing, has = self._standing(reference), self.writer.has(reference)
        before = has.conditions.get(PROGRAMMED) if has is not None else None
        return (
            standing is not None
            and before is not None
            and before.get("status") == Verdict.TRUE
            and str(before.get("observedGeneration")) == str(standing.serving)
        )

    async def _tick(self) -> None:
        assert self._sight is not None
        assert self._streams is not None
        if len(self._rollouts) or self._nacks:
            deliveries = self._streams.deliveries()
            self._proxies.look(deliveries)
            await self._follow_nacks()
            clients = {id(each.client): each.client for each in deliveries}
            self._rollouts.withdraw(lambda key: _is_over(key, clients))
            news = self._rollouts.news(self._proxies, self._sight.audiences_of, self._now())
            for each in news:
                if each is None:
                    await asyncio.sleep(0)
                else:
                    reference, programming = each
                    self._said[reference] = programming
                    self._dirty[reference] = None
        dirty, self._dirty = self._dirty, {}
        for number, reference in enumerate(dirty):
            try:
                self._renew(reference)
            except Exception:  # noqa: BLE001 (a bug at one object must not cost the others)
                _log.exception("internal error, a status is not written", object=str(reference))
            if not number % _STEP:
                await asyncio.sleep(0)

    async def _follow_nacks(self) -> None:
        assert self._sight is not None
        for nack, references in self._nacks.take(self._sight, self._is_news):
            key = (id(nack.client), nack.type_url)
            for reference in references:
                standing = self._standing(reference)
                if standing is None:
                    continue
                refusal = nack.refusal
                if status_kind(reference) is not None:
                    moment, now = self._proxies.moment, self._now()
                    self._rollouts.refused(reference, key, refusal, moment, now)
                note = f"Proxy {refusal.node} rejects it: {refusal.words}"
                self._recorder.record(Notice(reference, _REJECTED, note))
            # Each may be about everything that its proxy has.
            await asyncio.sleep(0)

    def _is_news(self, reference: Reference, client: ClientState) -> bool:
        """Whether a proxy has not accepted an object before, as it is in force."""
        since = self._rollouts.since(reference)
        return since is not None and self._proxies.reached(client) <= since

    # --- One object ---

    def _renew(self, reference: Reference) -> None:
        """Have the writer write what is to be said of an object."""
        standing, kind = self._standing(reference), status_kind(reference)
        if kind is None:
            return
        if standing is None:
            self._said.pop(reference, None)
            self.writer.gone(reference, self._api_versions.pop(reference, ""))
            return
        self._api_versions[reference] = standing.api_version
        if standing.serves and standing.serving != self._in_force.get(reference, -1):
            return  # It is on its way into the catalog, which will be told.
        facts = self._facts(reference, standing)
        if kind.is_endpoint and not facts.problems:
            has = self.writer.has(reference)
            if has is not None and has.is_ours:
                self.writer.want(reference, Wanted(standing.api_version, None))
            return
        status = desired(facts, counts_proxies=not kind.is_endpoint)
        self.writer.want(reference, Wanted(standing.api_version, status))

    def _facts(self, reference: Reference, standing: Standing) -> Facts:
        generation = standing.generation or 0
        serving = None if not standing.serves else standing.serving or generation
        problems = sorted(
            each for each in self._problems.get(reference, ()) if _is_about(each, standing)
        )
        return Facts(
            reference,
            generation,
            serving,
            tuple(problems),
            self._said.get(reference),
            self._addresses(reference),
            self._is_left_out(reference),
        )

    def _is_left_out(self, reference: Reference) -> bool:
        item = self._sight.catalog.object(reference) if self._sight is not None else None
        return item is not None and item.is_left_out

    def _addresses(self, reference: Reference) -> tuple[Address, ...] | None:
        if reference.kind != "Gateway" or self._sight is None:
            return ()
        return addresses_of(self._sight.catalog, self._sight.audiences_of(reference))

    def _standing(self, reference: Reference) -> Standing | None:
        return None if self._sight is None else self._sight.standing(reference, self._source)

    async def _identify(self, reference: Reference) -> tuple[str, str] | None:
        """Return an object's apiVersion and uid, for Events about it."""
        standing = self._standing(reference)
        if standing is None:
            return None
        has: Known | None = self.writer.has(reference)
        if has is not None and has.uid:
            return standing.api_version, has.uid
        try:
            return standing.api_version, await self._uid(reference, standing.api_version)
        except ApiError as error:
            if error.status == 404:
                return None
            return standing.api_version, ""

    async def _uid(self, reference: Reference, api_version: str) -> str:
        resource = BY_KIND.get((reference.group, reference.kind))
        if resource is None:
            return ""
        version = api_version.rpartition("/")[2]
        collection = resource.path(version, reference.namespace)
        found = await self._client.request("GET", f"{collection}/{reference.name}")
        return str(found["metadata"]["uid"])

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _is_about(problem: Problem, standing: Standing) -> bool:
    """Whether a problem is about the source's own version of an object, not another's claim."""
    if problem.code == IntakeCode.DUPLICATE_OBJECT and standing.serves:
        return False
    return problem.generation in (standing.generation, standing.serving)


def _is_over(key: Hashable, clients: dict[int, ClientState]) -> bool:
    """Whether a proxy has accepted something of a type since it has rejected it, or is gone."""
    assert isinstance(key, tuple)
    client = clients.get(key[0])
    state = client.types.get(key[1]) if client is not None else None
    return state is None or not state.is_rejecting
