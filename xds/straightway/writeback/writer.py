"""Writes the status of objects: only what differs, one state per object, at a bounded rate.

What is wanted for an object is a value: a newer one replaces it, whether it was written or not. So
while the API server is away only the newest is kept, and a burst of changes is one write. What an
object has is known from the last answer; before the first write it is read.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
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
from straightway.writeback.dialects import Dialect, Dialects
from straightway.writeback.kinds import StatusKind, status_kind
from straightway.writeback.pacing import Patience, Waiting
from straightway.writeback.status import Known, is_satisfied, known, nothing_of_ours, patch

_log = structlog.get_logger()

RATE: Final = 20.0
BURST: Final = 50
_WORKERS: Final = 4
_PAGE: Final = 100
"""How many objects are read, and so decoded, at once: a few milliseconds of work."""
_LOOK_AFTER: Final = 1.0
"""How long after someone else has written to an object it is read, in seconds."""
_LONGEST_PAUSE: Final = 30.0
_FORBIDDEN_PAUSE: Final = 300.0
_MOST_CONFLICTS: Final = 3


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
        self._jitter = jitter
        self._bucket = TokenBucket(rate, burst)
        self._waiting = Waiting()
        self._patience = Patience()
        self._dialects = Dialects()
        self._changed = asyncio.Event()
        self._wanted: dict[Reference, Wanted] = {}
        self._written: dict[Reference, Desired] = {}
        self._known: dict[Reference, Known] = {}
        self._conflicts: dict[Reference, int] = {}
        self._seen: dict[Reference, str] = {}
        self._silent: set[StatusKind] = set()
        self._forbidden_until: dict[StatusKind, float] = {}
        self._told: set[tuple[str, str]] = set()
        self._failures = 0
        self._paused_until = 0.0
        self.writes = 0
        """How many patches were sent, for tests and figures."""

    @property
    def _per_object(self) -> tuple[dict[Reference, Any], ...]:
        return (self._wanted, self._written, self._known, self._conflicts, self._seen)

    # --- What is wanted ---

    def want(self, reference: Reference, wanted: Wanted) -> None:
        """Have an object get a status; what was wanted for it before no longer is."""
        kind = status_kind(reference)
        if kind is None or kind in self._silent:
            return
        if self._wanted.get(reference) == wanted:
            return
        self._wanted[reference] = wanted
        has = self._known.get(reference)
        if has is not None and self._is_satisfied(kind, has, wanted):
            self._note_satisfied(reference, wanted)
            return
        self._enter(reference)

    def gone(self, reference: Reference, api_version: str) -> None:
        """Take our status from an object that is not ours any more, if it still exists."""
        has = self._known.get(reference)
        if has is not None and has.is_ours:
            self.want(reference, Wanted(api_version, None))
        else:
            self._forget(reference)

    def touched(self, reference: Reference, version: str) -> None:
        """Note that an object has this resourceVersion now: if it is not ours, it is looked at."""
        has = self._known.get(reference)
        if has is not None and version and has.version != version:
            self._seen[reference] = version
            self._enter(reference, self._now() + _LOOK_AFTER)

    def has(self, reference: Reference) -> Known | None:
        """Return what an object has, as far as it was read."""
        return self._known.get(reference)

    async def load(self, kind: StatusKind, version: str, namespace: str = "") -> None:
        """Read what all objects of a kind have: one list is cheaper than a read for each.

        Raises: ApiError, UnreachableError: as the client does.
        """
        query: dict[str, str | int] = {"limit": _PAGE}
        while True:
            page = await self._client.request(
                "GET", kind.resource.path(version, namespace), query=query, timeout=30.0
            )
            for body in page.get("items") or ():
                metadata = body["metadata"]
                group, name = kind.resource.group, kind.resource.kind
                reference = Reference(group, name, metadata["namespace"], metadata["name"])
                self._known[reference] = known(body, self._manager)
            rest = (page.get("metadata") or {}).get("continue")
            if not rest:
                return
            query = {"limit": _PAGE, "continue": rest}

    def reset(self) -> None:
        """Forget everything: another replica may have written since."""
        for each in self._per_object:
            each.clear()
        self._forbidden_until.clear()
        self._waiting = Waiting()
        self._silent.clear()

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
            pause = max(self._paused_until - now, self._bucket.wait(now))
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
        if kind is None or wanted is None or kind in self._silent:
            return
        if self._forbidden_until.get(kind, 0.0) > self._now():
            self._waiting.postpone(reference, self._forbidden_until[kind])
            return
        path, dialect = kind.path(wanted.api_version, reference), self._dialects.of(kind)
        try:
            has = await self._current(reference, path)
            wanted = self._wanted.get(reference) or wanted
            if self._is_satisfied(kind, has, wanted):
                self._note_satisfied(reference, wanted)
            elif not self._must_wait(reference, kind, has, wanted):
                await self._write(reference, kind, path, has, wanted)
        except UnreachableError as error:
            self._unreachable(reference, str(error))
        except ApiError as error:
            self._refused(reference, kind, dialect, error)
        else:
            self._answered()

    async def _current(self, reference: Reference, path: str) -> Known:
        """Return what an object has, read anew if it was written by another since."""
        has, seen = self._known.get(reference), self._seen.pop(reference, None)
        if has is None or (seen is not None and seen != has.version):
            answer = await self._client.request("GET", path)
            has = self._known[reference] = known(answer, self._manager)
        return has

    def _must_wait(
        self, reference: Reference, kind: StatusKind, has: Known, wanted: Wanted
    ) -> bool:
        """Whether what was written was undone by someone else, who is not to be fought with."""
        written = self._written.get(reference)
        if written is None or wanted.status != written:
            return False
        # When its time has come it is read again: it may be right by then.
        del self._written[reference], self._known[reference]
        now = self._now()
        times, until = self._patience.undone(reference, now)
        if times == 2:
            _log.warning(
                "another controller changes the status that is written",
                object=str(reference),
                remedy="find it with `kubectl get --show-managed-fields`; "
                "meanwhile the status is restored less and less often",
            )
        self._waiting.postpone(reference, until)
        return True

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
        self._stored(reference, kind, body, known(answer, self._manager), wanted)

    def _stored(
        self,
        reference: Reference,
        kind: StatusKind,
        body: dict[str, Any],
        has: Known,
        wanted: Wanted,
    ) -> None:
        self._conflicts.pop(reference, None)
        self._known[reference] = has
        sent = body.get("status", {})
        messages = bool(sent.get("validationMessages")) and not has.messages
        addresses = bool(sent.get("addresses")) and not has.addresses
        if messages or addresses:
            self._dialects.dropped(kind, messages=messages, addresses=addresses)
        self._note_satisfied(reference, wanted)

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

    # --- What goes wrong ---

    def _unreachable(self, reference: Reference, reason: str) -> None:
        """Wait, all together, longer each time; what was not written is written then."""
        now = self._now()
        if now >= self._paused_until:
            self._failures += 1
            pause = min(_LONGEST_PAUSE, 2.0 ** min(self._failures, 10))
            self._paused_until = now + pause * (0.5 + self._jitter() / 2)
            if self._failures == 1:
                _log.warning("status not written, it will be", reason=reason)
        self._waiting.postpone(reference, self._paused_until)

    def _answered(self) -> None:
        self._failures = 0

    def _refused(
        self, reference: Reference, kind: StatusKind, dialect: Dialect, error: ApiError
    ) -> None:
        if error.status in (401, 429) or (error.status >= 500 and not _is_about_schema(error)):
            self._unreachable(reference, str(error))
            if error.retry_after:
                self._paused_until = max(self._paused_until, self._now() + error.retry_after)
        elif error.status == 404:
            self._not_found(reference, kind, error)
        elif error.status == 403:
            self._forbidden(reference, kind, error)
        elif error.status == 409:
            self._conflict(reference)
        elif "status" not in error.message:
            self._invalid(reference, error)
        elif self._dialects.refused(kind, dialect, str(error)):
            self._enter(reference)
        else:
            self._silent.add(kind)

    def _not_found(self, reference: Reference, kind: StatusKind, error: ApiError) -> None:
        if reference.name in error.message or reference not in self._known:
            self._forget(reference)
            return
        # The object was read, so it is the sub-resource that does not exist.
        self._silent.add(kind)
        self._tell_once(
            "status of a kind not written",
            kind,
            reason="its CRD has no status sub-resource",
            remedy="install the CRDs of `straightway crds`",
        )

    def _forbidden(self, reference: Reference, kind: StatusKind, error: ApiError) -> None:
        self._tell_once(
            "status of a kind not written",
            kind,
            reason=str(error),
            remedy=f"allow the service account to get and list {kind.resource} and to patch "
            f"{kind.resource.plural}/status in its group",
        )
        self._forbidden_until[kind] = self._now() + _FORBIDDEN_PAUSE
        self._waiting.postpone(reference, self._forbidden_until[kind])

    def _invalid(self, reference: Reference, error: ApiError) -> None:
        """Leave an object alone whose spec its schema does not allow any more."""
        _, until = self._patience.undone(reference, self._now())
        _log.warning("status not written", object=str(reference), reason=str(error))
        self._waiting.postpone(reference, max(until, self._now() + _FORBIDDEN_PAUSE))

    def _conflict(self, reference: Reference) -> None:
        """Read the object again: it is another one by the same name, or was being changed."""
        self._known.pop(reference, None)
        conflicts = self._conflicts[reference] = self._conflicts.get(reference, 0) + 1
        pause = 2.0 ** min(conflicts, 8) if conflicts > _MOST_CONFLICTS else 0.0
        self._waiting.postpone(reference, self._now() + pause)

    def _tell_once(self, event: str, kind: StatusKind, *, reason: str, remedy: str) -> None:
        if (event, str(kind.resource)) not in self._told:
            self._told.add((event, str(kind.resource)))
            _log.warning(event, kind=str(kind.resource), reason=reason, remedy=remedy)

    # --- Bookkeeping ---

    def _enter(self, reference: Reference, at: float = 0.0) -> None:
        self._waiting.add(reference, at)
        self._changed.set()

    def _forget(self, reference: Reference) -> None:
        for each in self._per_object:
            each.pop(reference, None)
        self._waiting.drop(reference)
        self._patience.forget(reference)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _is_about_schema(error: ApiError) -> bool:
    """Whether the server refuses the fields of a patch; some versions do so with a 500."""
    return "typed patch" in error.message or "not declared in schema" in error.message


def _time_of_day() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
