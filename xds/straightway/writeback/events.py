"""Events about objects: one for each object, reason and message, counted when it happens again.

``kubectl describe`` shows them. They are ``events.k8s.io/v1``: the API server keeps these and core
Events in one place. The name of an Event follows from what it says, so after a restart, or at the
next leader, the same event is counted and not repeated. The API server forgets them after an hour.

Source: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

from straightway.documents import Reference

CONTROLLER: Final = "straightway.dev/straightway"
MOST_WAITING: Final = 1000
_QUIET: Final = 60.0
"""How often an Event is counted up at most, in seconds."""
_LONGEST_NOTE: Final = 1024
_LONGEST_NAME: Final = 253
_LONGEST_INSTANCE: Final = 128


@dataclass(frozen=True, slots=True)
class Notice:
    """What an Event says; ``note`` is cut to the length that the API server allows."""

    reference: Reference
    reason: str
    note: str

    @property
    def name(self) -> str:
        """The name of the Event, the same on every replica."""
        said = "\0".join((*self.reference, self.reason, self.note))
        digest = blake2b(said.encode(), digest_size=8).hexdigest()
        return f"{self.reference.name[: _LONGEST_NAME - len(digest) - 1].rstrip('.-')}.{digest}"


class Notices:
    """The notices that wait to be told, and how often each has happened since it was last told.

    At most :data:`MOST_WAITING` wait; further ones are counted in ``lost``.
    """

    def __init__(self) -> None:
        self.lost = 0
        self._counts: dict[Notice, int] = {}
        self._told_at: dict[Notice, float] = {}

    def __len__(self) -> int:
        return len(self._counts)

    def add(self, notice: Notice, *, counts: bool = True) -> None:
        """Have a notice told.

        ``counts``: it has happened again, if it was told before. It has not at the start of a
        leader, which tells of everything that is wrong.
        """
        if notice not in self._counts and len(self._counts) >= MOST_WAITING:
            self.lost += 1
            return
        self._counts[notice] = self._counts.get(notice, 0) + counts

    def due(self) -> float | None:
        """Return when the next notice may be told; 0 for at once, None for never."""
        told_at = self._told_at
        times = (told_at[each] + _QUIET if each in told_at else 0.0 for each in self._counts)
        return min(times, default=None)

    def take(self, now: float) -> tuple[Notice, int] | None:
        """Return a notice to tell now, and how often it has happened since it was told last."""
        self._forget(now)
        for notice in self._counts:
            if notice not in self._told_at:
                self._told_at[notice] = now
                return notice, self._counts.pop(notice)
        return None

    def put_back(self, notice: Notice, count: int) -> None:
        """Have a notice told later that could not be told."""
        self._told_at.pop(notice, None)
        self._counts[notice] = self._counts.get(notice, 0) + count

    def _forget(self, now: float) -> None:
        for notice, at in list(self._told_at.items()):
            if at + _QUIET > now:
                return  # In the order in which they were told.
            del self._told_at[notice]


def event_of(notice: Notice, api_version: str, uid: str, instance: str, now: str) -> dict[str, Any]:
    """Return the Event to create; ``now`` is RFC 3339 with microseconds."""
    reference = notice.reference
    regarding = {
        "apiVersion": api_version,
        "kind": reference.kind,
        "namespace": reference.namespace,
        "name": reference.name,
    }
    if uid:
        # Without it `kubectl describe` does not find the Event.
        regarding["uid"] = uid
    note = notice.note
    return {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": notice.name, "namespace": reference.namespace},
        "eventTime": now,
        "type": "Warning",
        "reason": notice.reason,
        "note": note if len(note) <= _LONGEST_NOTE else f"{note[: _LONGEST_NOTE - 1]}…",
        "action": "Configure",
        "reportingController": CONTROLLER,
        "reportingInstance": instance[:_LONGEST_INSTANCE],
        "regarding": regarding,
    }


def counted_up(event: dict[str, Any], count: int, now: str) -> dict[str, Any]:
    """Return the patch that counts an Event up."""
    before = (event.get("series") or {}).get("count") or 1
    return {"series": {"count": before + count, "lastObservedTime": now}}
