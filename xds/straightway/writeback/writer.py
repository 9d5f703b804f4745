"""Writes the status of objects: only what differs, one state per object, at a bounded rate.

What is wanted for an object is a value: a newer one replaces it, whether it was written or not. So
while the API server is away only the newest is kept, and a burst of changes is one write. What an
object has is known from the last answer; before the first write it is read.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import structlog

from straightway.documents import Reference
from straightway.kubernetes.errors import ApiError, UnreachableError
from straightway.kubernetes.patches import APPLY
from straightway.kubernetes.requests import Requests
from straightway.token_bucket import TokenBucket
from straightway.writeback.desired import Desired
from straightway.writeback.dialects import Dialects
from straightway.writeback.kinds import StatusKind, status_kind
from straightway.writeback.pacing import Waiting
from straightway.writeback.status import Known, is_satisfied, nothing_of_ours, patch
from straightway.writeback.statuses import Statuses
from straightway.writeback.troubles import Again, Never, Troubles

_log = structlog.get_logger()

RATE: Final = 20.0
BURST: Final = 50
_WORKERS: Final = 4
_LOOK_AFTER: Final = 1.0
"""How long after someone else has written to an object it is read, in seconds."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The status that an object should have; None for none of ours."""

    api_version: str
    status: Desired | None


class Writer:
    """Makes the status of objects what is wanted, while :meth:`run` runs.

    ``manager`` is the field manager of server-side apply, which tells our fields from others'.
    """

    def __init__(
        self,
        client: Requests,
        manager: str,
        *,
        rate: float = RATE,
        burst: int = BURST,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._client = client
        self._manager = manager
        self._bucket = TokenBucket(rate, burst)
        self._waiting = Waiting()
        self._dialects = Dialects()
        self._troubles = Troubles(self._dialects, jitter)
        self._statuses = Statuses(client, manager)
        self._changed = asyncio.Event()
        self._wanted: dict[Reference, Wanted] = {}
        self._written: dict[Reference, Desired] = {}
        self.writes = 0
        """How many patches were sent, for tests and figures."""

    # --- What is wanted ---

    def want(self, reference: Reference, wanted: Wanted) -> None:
        """Have an object get a status; what was wanted for it before no longer is."""
        kind = status_kind(reference)
        if kind is None or self._troubles.is_silent(kind):
            return
        if self._wanted.get(reference) == wanted:
            return
        self._wanted[reference] = wanted
        has = self.has(reference)
        if has is not None and self._is_satisfied(kind, has, wanted):
            self._note_satisfied(reference, wanted)
        else:
            self._enter(reference)

    def gone(self, reference: Reference, api_version: str) -> None:
        """Take our status from an object that is not ours any more, if it still exists."""
        has = self.has(reference)
        if has is not None and has.is_ours:
            self.want(reference, Wanted(api_version, None))
        else:
            self._forget(reference)

    def touched(self, reference: Reference, version: str) -> None:
        """Note that an object has this resourceVersion now: if it is not ours, it is looked at."""
        if self._statuses.seen(reference, version):
            self._enter(reference, self._now() + _LOOK_AFTER)

    def has(self, reference: Reference) -> Known | None:
        """Return what an object has, as far as it was read."""
        return self._statuses.has(reference)

    async def load(self, kind: StatusKind, version: str, namespaces: Iterable[str] = ("",)) -> None:
        """Read what all objects of a kind have, if possible, before any of them is written."""
        await self._statuses.load(kind, version, namespaces)

    def reset(self) -> None:
        """Forget everything: another replica may have written since."""
        self._wanted.clear()
        self._written.clear()
        self._statuses.clear()
        self._troubles.reset()
        self._waiting = Waiting()

    @property
    def waiting(self) -> int:
        """How many objects wait to be written."""
        return len(self._waiting)

    # --- The loop ---

    async def run(self) -> None:
        """Write until cancelled."""
        async with asyncio.TaskGroup() as workers:
            for _ in range(_WORKERS):
                workers.create_task(self._work())

    async def _work(self) -> None:
        while True:
            reference = await self._next()
            waiting = self._waiting
            try:
                await self._settle(reference)
            except Exception:  # noqa: BLE001 (the edge of our own code: logged with its cause)
                _log.exception("internal error, a status is not written", object=str(reference))
                self._wanted.pop(reference, None)
            finally:
                waiting.done(reference)
                if len(waiting):
                    self._changed.set()

    async def _next(self) -> Reference:
        """Wait for the next turn."""
        while True:
            now = self._now()
            pause = max(self._troubles.paused_until - now, self._bucket.wait(now))
            due = self._waiting.due
            if due is not None and pause <= 0 and due <= now:
                reference = self._waiting.take(now)
                if reference is not None:
                    self._bucket.take(now)
                    return reference
            await self._sleep(None if due is None else max(pause, due - now))

    async def _sleep(self, seconds: float | None) -> None:
        self._changed.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            pass

    # --- One object ---

    async def _settle(self, reference: Reference) -> None:
        """Read an object if need be, and write what is wanted if it has something else."""
        kind, wanted = status_kind(reference), self._wanted.get(reference)
        if kind is None or wanted is None or self._troubles.is_silent(kind):
            return
        if (until := self._troubles.forbidden_until(kind)) > self._now():
            self._waiting.postpone(reference, until)
            return
        path, dialect = kind.path(wanted.api_version, reference), self._dialects.of(kind)
        try:
            has = await self._statuses.read(reference, path)
            wanted = self._wanted.get(reference) or wanted
            if self._is_satisfied(kind, has, wanted):
                self._note_satisfied(reference, wanted)
            elif self._is_undone(reference, wanted):
                self._follow(reference, self._troubles.undone(reference, self._now()))
            else:
                await self._write(reference, kind, path, has, wanted)
        except UnreachableError as error:
            self._follow(reference, self._troubles.unreachable(str(error), self._now()))
        except ApiError as error:
            was_read = self.has(reference) is not None
            outcome = self._troubles.refused(
                reference, kind, dialect, error, self._now(), was_read=was_read
            )
            self._follow(reference, outcome)
        else:
            self._troubles.answered()

    def _is_undone(self, reference: Reference, wanted: Wanted) -> bool:
        """Whether what is wanted was written, and someone else has undone it."""
        written = self._written.get(reference)
        if written is None or wanted.status != written:
            return False
        del self._written[reference]
        return True

    def _follow(self, reference: Reference, outcome: Again | Never) -> None:
        """Have an object wait, or forget it, as its trouble demands."""
        if isinstance(outcome, Never):
            if outcome.is_gone:
                self._forget(reference)
            return
        if outcome.reads:
            self._statuses.doubt(reference)
        if outcome.at:
            self._waiting.postpone(reference, outcome.at)
        else:
            self._enter(reference)

    async def _write(
        self, reference: Reference, kind: StatusKind, path: str, has: Known, wanted: Wanted
    ) -> None:
        body = nothing_of_ours(reference, wanted.api_version)
        dialect = self._dialects.of(kind)
        if wanted.status is not None:
            body = patch(
                reference,
                wanted.api_version,
                has,
                wanted.status,
                _time_of_day(),
                as_text=dialect.as_text,
                with_messages=dialect.with_messages,
                with_addresses=dialect.with_addresses,
            )
        self.writes += 1
        answer = await self._client.request(
            "PATCH",
            f"{path}/status",
            body=body,
            query={"fieldManager": self._manager, "force": True},
            content_type=APPLY,
        )
        self._troubles.stored(reference)
        self._compare(kind, body.get("status", {}), self._statuses.answered(reference, answer))
        self._note_satisfied(reference, wanted)

    def _compare(self, kind: StatusKind, sent: Mapping[str, Any], has: Known) -> None:
        """Notice fields that were sent and not stored."""
        messages = bool(sent.get("validationMessages")) and not has.messages
        addresses = bool(sent.get("addresses")) and not has.addresses
        if messages or addresses:
            self._dialects.dropped(kind, messages=messages, addresses=addresses)

    def _is_satisfied(self, kind: StatusKind, has: Known, wanted: Wanted) -> bool:
        if wanted.status is None:
            return not has.is_ours
        dialect = self._dialects.of(kind)
        return is_satisfied(
            has,
            wanted.status,
            with_messages=dialect.with_messages,
            with_addresses=dialect.with_addresses,
        )

    def _note_satisfied(self, reference: Reference, wanted: Wanted) -> None:
        if self._wanted.get(reference) != wanted:
            self._enter(reference)  # Something newer is wanted meanwhile.
        elif wanted.status is None:
            self._forget(reference)
        else:
            self._written[reference] = wanted.status

    # --- Bookkeeping ---

    def _enter(self, reference: Reference, at: float = 0.0) -> None:
        self._waiting.add(reference, at)
        self._changed.set()

    def _forget(self, reference: Reference) -> None:
        self._wanted.pop(reference, None)
        self._written.pop(reference, None)
        self._statuses.forget(reference)
        self._troubles.forget(reference)
        self._waiting.drop(reference)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _time_of_day() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
