"""The control loop: updates of the sources in, snapshots for the audiences of Envoys out.

Updates are parsed as they come and put in force together, after a short quiet time. Changes of
endpoints alone take the short way: no listener, route or cluster is looked at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from straightway.api import ApiObject
from straightway.catalog import WORKLOAD_KINDS, Catalog, Impact
from straightway.discovery import CLUSTER_LOAD_ASSIGNMENT, Cache
from straightway.documents import Owner, Problem, ProblemStore, Reference
from straightway.intake import Accepted, Intake, LastGood
from straightway.offline.review import problems_between
from straightway.proxies.audience import Audience, Proxy, audience_of, gateway_selector_keys
from straightway.snapshots.snapshot import Encoder, Snapshot
from straightway.sources import Update

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Debounce:
    """How long to wait for more changes, in seconds: a quiet time, and a limit from the first."""

    quiet: float
    limit: float


ENDPOINTS = Debounce(quiet=0.010, limit=0.100)
"""For endpoints alone: a model's move should be felt at once."""
CONFIG = Debounce(quiet=0.100, limit=1.0)
"""For all else: an apply of many files is one change."""


class Control:
    """Keeps the cache true to the sources, for the audiences that are wanted.

    ``rekey`` is called when the label keys by which proxies are told apart have changed.
    """

    def __init__(
        self,
        cache: Cache,
        *,
        state: LastGood | None = None,
        grace: float = 30.0,
        endpoints: Debounce = ENDPOINTS,
        config: Debounce = CONFIG,
    ) -> None:
        self.catalog = Catalog()
        self.rekey: Callable[[], None] = lambda: None
        self.synced = asyncio.Event()
        self._cache = cache
        self._endpoints = endpoints
        self._config = config
        self.problems = ProblemStore()
        self._intake = Intake(state, grace)
        self._encoder = Encoder()
        self._selector_keys: frozenset[str] = frozenset()
        self._snapshots: dict[Audience, Snapshot] = {}
        self._wanted: set[Audience] = set()
        self._pending: dict[Reference, ApiObject | None] = {}
        self._found: dict[Owner, tuple[Problem, ...]] = {}
        self._source_synced = False
        self._changed = asyncio.Event()
        self._changed_at = 0.0

    # --- From the sources ---

    def apply(self, update: Update, source: str = "folder") -> None:
        """Take in an update; :meth:`run` puts it in force."""
        now = asyncio.get_running_loop().time()
        self._accept(self._intake.apply(source, update.bundles, now))
        if update.synced and not self._source_synced:
            self._source_synced = True
            self._accept(self._intake.complete(source, now))

    def _accept(self, accepted: Accepted) -> None:
        for line in accepted.passed_over:
            _log.info("object passed over", object=line, reason="not a kind that is read")
        self._pending |= accepted.changes
        self._found |= accepted.problems_changed
        self._changed_at = asyncio.get_running_loop().time()
        self._changed.set()

    async def run(self) -> None:
        """Put changes in force as they come, until cancelled."""
        while True:
            await self._wait()
            await self._settle()
            self._changed.clear()
            # Until the first full listing is in, what is missing is not known to be missing.
            if self._source_synced:
                self._put_in_force()

    async def _wait(self) -> None:
        """Wait for a change; that what was held goes is one, too."""
        loop, due = asyncio.get_running_loop(), self._intake.due
        try:
            async with asyncio.timeout(None if due is None else max(due - loop.time(), 0.0)):
                await self._changed.wait()
        except TimeoutError:
            self._accept(self._intake.expire(loop.time()))

    async def _settle(self) -> None:
        """Wait until the changes pause, within the limit."""
        if not self.synced.is_set():
            return
        now = asyncio.get_running_loop().time
        started = now()
        while True:
            debounce = self._debounce()
            rest = min(self._changed_at + debounce.quiet, started + debounce.limit) - now()
            if rest <= 0:
                return
            await asyncio.sleep(rest)

    def _debounce(self) -> Debounce:
        endpoints_alone = all(reference.kind in WORKLOAD_KINDS for reference in self._pending)
        return self._endpoints if endpoints_alone else self._config

    def _put_in_force(self) -> None:
        changes, self._pending = self._pending, {}
        self.catalog, impact = self.catalog.changed(changes)
        self._encoder.forget(impact, self.catalog)
        first = not self.synced.is_set()
        if impact.config or first:
            self._update_all()
        else:
            self._update_endpoints(impact)
        # What is wrong between objects does not depend on endpoints that are IP addresses.
        found, self._found = self._found, {}
        if impact.config or first:
            found["between objects"] = tuple(problems_between(self._intake, self.catalog))
        self.problems.update(found)
        if first:
            self.synced.set()
            errors = self.problems.errors
            level = _log.warning if errors else _log.info
            level(
                "config in force",
                errors=errors,
                services=len(self.catalog.services),
                gateways=len(self.catalog.gateways),
                virtual_services=len(self.catalog.virtual_services),
            )

    def _update_all(self) -> None:
        keys = gateway_selector_keys(self.catalog)
        if keys != self._selector_keys:
            # First of all, for it changes which audiences are wanted.
            self._selector_keys = keys
            self.rekey()
        wanted, self._wanted = self._wanted, set()
        for audience in self._snapshots.keys() | wanted:
            self._set(audience)

    def _update_endpoints(self, impact: Impact) -> None:
        for audience, snapshot in self._snapshots.items():
            with self._mistakes_contained(audience):
                changed = self._encoder.assignments(self.catalog, snapshot, impact.endpoints)
                self._cache.update(audience, {CLUSTER_LOAD_ASSIGNMENT: (changed, ())})

    @contextmanager
    def _mistakes_contained(self, audience: Audience) -> Iterator[None]:
        """Keep what an audience is served, should its translation fail by a mistake of ours."""
        try:
            yield
        except Exception:  # noqa: BLE001 (the edge of our own code: logged with its cause)
            _log.exception("translation failed, what was sent stays", audience=str(audience))
            self._wanted.add(audience)  # It is tried again with the next change of config.

    def _set(self, audience: Audience) -> None:
        with self._mistakes_contained(audience):
            self._make_snapshot(audience)

    def _make_snapshot(self, audience: Audience) -> None:
        snapshot = self._encoder.snapshot(self.catalog, audience)
        before = self._snapshots.get(audience)
        if not snapshot.listens and (before is None or before.listens):
            _log.warning(
                "proxies have nothing to serve",
                audience=str(audience),
                remedy="compare the Gateway's selector with the labels in the proxy's bootstrap",
            )
        self._snapshots[audience] = snapshot
        resources = {url: of_type.values() for url, of_type in snapshot.resources.items()}
        self._cache.set(audience, resources)

    # --- For the streams ---

    def audience_of(self, proxy: Proxy) -> Audience:
        """Return the audience that a proxy belongs to."""
        return audience_of(proxy, self._selector_keys)

    def want(self, audience: Hashable) -> None:
        """Begin to keep a snapshot for an audience; streams wait until the config is in."""
        assert isinstance(audience, Audience)
        if self.synced.is_set():
            self._set(audience)
        else:
            self._wanted.add(audience)

    def drop(self, audience: Hashable) -> None:
        """Stop to keep a snapshot for an audience that nobody is connected as any more."""
        assert isinstance(audience, Audience)
        self._wanted.discard(audience)
        if self._snapshots.pop(audience, None) is not None:
            self._cache.drop(audience)

    def origins(self, audience: Hashable, resource: str) -> list[str]:
        """Return the objects, with their places, that a resource of an audience was made from."""
        snapshot = self._snapshots.get(audience) if isinstance(audience, Audience) else None
        references = snapshot.origins(resource) if snapshot else frozenset()
        return [f"{item} ({self._intake.origin(item)})" for item in sorted(references)]
