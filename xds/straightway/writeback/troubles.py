"""What follows when a status cannot be written: who waits for how long, and who is told.

A server that is away or overloaded has all wait together, longer each time. What is refused
concerns one object, or all of its kind: a kind without the right or the sub-resource is left alone,
with one warning.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog

from straightway.documents import Reference
from straightway.kubernetes.errors import ApiError
from straightway.writeback.dialects import Dialect, Dialects
from straightway.writeback.kinds import StatusKind
from straightway.writeback.pacing import Patience

_log = structlog.get_logger()

_LONGEST_PAUSE: Final = 30.0
_FORBIDDEN_PAUSE: Final = 300.0
_MOST_CONFLICTS: Final = 3


@dataclass(frozen=True, slots=True)
class Again:
    """Try the object again, not before a time; ``reads``: what it has is to be read anew."""

    at: float = 0.0
    reads: bool = False


@dataclass(frozen=True, slots=True)
class Never:
    """Do not try any more; ``is_gone``: the object is, else its kind is left alone."""

    is_gone: bool


class Troubles:
    """What went wrong so far. Times are in seconds of a monotonic clock."""

    def __init__(self, dialects: Dialects, jitter: Callable[[], float] = random.random) -> None:
        self._dialects = dialects
        self._jitter = jitter
        self._patience = Patience()
        self._conflicts: dict[Reference, int] = {}
        self._silent: set[StatusKind] = set()
        self._forbidden_until: dict[StatusKind, float] = {}
        self._told: set[str] = set()
        self._failures = 0
        self.paused_until = 0.0
        """Until when nothing is asked."""

    def reset(self) -> None:
        """Forget what may be different by now; what was told stays told."""
        self._conflicts.clear()
        self._silent.clear()
        self._forbidden_until.clear()

    def forget(self, reference: Reference) -> None:
        """Forget an object that is gone."""
        self._conflicts.pop(reference, None)
        self._patience.forget(reference)

    def is_silent(self, kind: StatusKind) -> bool:
        """Whether a kind is left alone."""
        return kind in self._silent

    def forbidden_until(self, kind: StatusKind) -> float:
        """Return until when a kind is not tried, because it was forbidden."""
        return self._forbidden_until.get(kind, 0.0)

    def answered(self) -> None:
        """Note that the server answers."""
        self._failures = 0

    def stored(self, reference: Reference) -> None:
        """Note that a status was stored."""
        self._conflicts.pop(reference, None)

    def undone(self, reference: Reference, now: float) -> Again:
        """Note that another has undone what was written, who is not to be fought with.

        When its time has come the object is read again: it may be right by then.
        """
        times, until = self._patience.undone(reference, now)
        if times == 2:
            _log.warning(
                "another controller changes the status that is written",
                object=str(reference),
                remedy="find it with `kubectl get --show-managed-fields`; "
                "meanwhile the status is restored less and less often",
            )
        return Again(until, reads=True)

    def unreachable(self, reason: str, now: float) -> Again:
        """Note that the server does not answer: what was not written is written later."""
        if now >= self.paused_until:
            self._failures += 1
            pause = min(_LONGEST_PAUSE, 2.0 ** min(self._failures, 10))
            self.paused_until = now + pause * (0.5 + self._jitter() / 2)
            if self._failures == 1:
                _log.warning("status not written, it will be", reason=reason)
        return Again(self.paused_until)

    def refused(
        self,
        reference: Reference,
        kind: StatusKind,
        dialect: Dialect,
        error: ApiError,
        now: float,
        *,
        was_read: bool,
    ) -> Again | Never:
        """Note that the server refuses a request about an object, whose status was read or not."""
        if error.status in (401, 429) or (error.status >= 500 and not _is_about_schema(error)):
            again = self.unreachable(str(error), now)
            if error.retry_after:
                self.paused_until = max(self.paused_until, now + error.retry_after)
            return again
        if error.status == 404:
            return self._not_found(reference, kind, error, was_read=was_read)
        if error.status == 403:
            return self._forbidden(kind, error, now)
        if error.status == 409:
            return self._conflict(reference, now)
        if "status" not in error.message:
            return self._invalid(reference, error, now)
        if self._dialects.refused(kind, dialect, str(error)):
            return Again()
        return self._leave_alone(kind)

    def _not_found(
        self, reference: Reference, kind: StatusKind, error: ApiError, *, was_read: bool
    ) -> Never:
        if reference.name in error.message or not was_read:
            return Never(is_gone=True)
        # The object was read, so it is the sub-resource that does not exist.
        self._tell_once(
            kind,
            reason="its CRD has no status sub-resource",
            remedy="install the CRDs of `straightway crds`",
        )
        return self._leave_alone(kind)

    def _leave_alone(self, kind: StatusKind) -> Never:
        self._silent.add(kind)
        return Never(is_gone=False)

    def _forbidden(self, kind: StatusKind, error: ApiError, now: float) -> Again:
        self._tell_once(
            kind,
            reason=str(error),
            remedy=f"allow the service account to get and list {kind.resource} and to patch "
            f"{kind.resource.plural}/status in its group",
        )
        self._forbidden_until[kind] = now + _FORBIDDEN_PAUSE
        return Again(self._forbidden_until[kind])

    def _invalid(self, reference: Reference, error: ApiError, now: float) -> Again:
        """Leave an object alone whose spec its schema does not allow any more."""
        _, until = self._patience.undone(reference, now)
        _log.warning("status not written", object=str(reference), reason=str(error))
        return Again(max(until, now + _FORBIDDEN_PAUSE))

    def _conflict(self, reference: Reference, now: float) -> Again:
        """Read the object again: it is another one by the same name, or was being changed."""
        conflicts = self._conflicts[reference] = self._conflicts.get(reference, 0) + 1
        pause = 2.0 ** min(conflicts, 8) if conflicts > _MOST_CONFLICTS else 0.0
        return Again(now + pause, reads=True)

    def _tell_once(self, kind: StatusKind, *, reason: str, remedy: str) -> None:
        name = str(kind.resource)
        if name not in self._told:
            self._told.add(name)
            _log.warning("status of a kind not written", kind=name, reason=reason, remedy=remedy)


def _is_about_schema(error: ApiError) -> bool:
    """Whether the server refuses the fields of a patch; some versions do so with a 500."""
    return "typed patch" in error.message or "not declared in schema" in error.message
