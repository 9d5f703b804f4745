"""Leader election over a Lease, as a state machine: no I/O, and no clock of its own.

A replica leads while the Lease names it and it keeps renewing. The others compare nobody's clock
with theirs: what counts is how long, by their own monotonic clock, they have seen the Lease
unchanged. The times in it are for people. A leader that cannot renew stops before anyone else may
take over, as long as no clock runs faster than another by the quotient of the two times.

A Lease that somebody deletes is respected as one that does not change: its leader lives perhaps,
and will make it anew with its next renewal. client-go makes a Lease that is missing at once, and
has two leaders until the first gives up, ten seconds later at the default. Here only a replica
that has not seen this leader's Lease makes it at once, as the first one ever must: if it looks in
the two seconds between deletion and renewal, both lead for the rest of these.

Source: the algorithm of ``k8s.io/client-go/tools/leaderelection``, described in
https://kubernetes.io/docs/concepts/architecture/leases/.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True, slots=True)
class Times:
    """Durations in seconds.

    ``lease`` is how long a Lease that does not change is respected, ``renew`` for how long a leader
    leads after its last renewal, and ``retry`` the pause between two attempts.
    """

    lease: float = 15.0
    renew: float = 10.0
    retry: float = 2.0

    def __post_init__(self) -> None:
        if not 0 < self.retry < self.renew < self.lease:
            raise ValueError("the times must grow: retry, renew, lease")


@dataclass(frozen=True, slots=True)
class Record:
    """What a Lease says. ``version`` is its resourceVersion, empty for one that does not exist.

    ``acquired`` and ``renewed`` are as written: nothing is computed from them. ``duration`` is in
    seconds, ``transitions`` counts the leaders so far.
    """

    holder: str
    acquired: str
    renewed: str
    duration: int
    transitions: int = 0
    version: str = ""


NOBODY: Final = Record("", "", "", 0)
"""A Lease that does not exist."""


class Election:
    """One replica's view of the Lease.

    Every method takes the time of a monotonic clock, in seconds. A caller reads the Lease
    (:meth:`observed`), writes what :meth:`wanted` returns on the condition that it is still the
    same version, and says how that went (:meth:`written`, :meth:`refused`).
    """

    def __init__(self, identity: str, times: Times = Times()) -> None:
        self.identity = identity
        self.times = times
        self._record: Record | None = None
        self._unchanged_since = 0.0
        # For how long the last one seen is respected, if it is another's; deleted ones, too.
        self._respected = 0.0
        self._renewed_at: float | None = None

    @property
    def must_read(self) -> bool:
        """Whether the Lease is unknown, so that it must be read before anything else."""
        return self._record is None

    @property
    def holder(self) -> str:
        """Whom the Lease named last, empty for nobody."""
        return self._record.holder if self._record is not None else ""

    def leads_until(self, now: float) -> float | None:
        """Return when this replica stops leading unless it renews; None if it does not lead."""
        until = None if self._renewed_at is None else self._renewed_at + self.times.renew
        return until if until is not None and now < until else None

    def is_leading(self, now: float) -> bool:
        """Whether this replica may act as the leader."""
        return self.leads_until(now) is not None

    def observed(self, record: Record, now: float) -> None:
        """Note what the Lease says; :data:`NOBODY` if there is none."""
        if self._record is None or _said(record) != _said(self._record):
            self._unchanged_since = now
        self._record = record
        if record.holder != self.identity:
            self._renewed_at = None
        if record != NOBODY:
            is_anothers = record.holder not in ("", self.identity)
            self._respected = max(self.times.lease, record.duration) if is_anothers else 0.0

    def wanted(self, now: float, time_of_day: str) -> Record | None:
        """Return what to write, to acquire the Lease or to renew it; None while another has it.

        ``time_of_day`` is RFC 3339 with microseconds.
        """
        record = self._record
        if record is None:
            return None
        if record.holder == self.identity:
            return replace(record, renewed=time_of_day, duration=self._seconds)
        if now < self._unchanged_since + self._respected:
            return None
        transitions = record.transitions + (record != NOBODY)
        return Record(
            self.identity, time_of_day, time_of_day, self._seconds, transitions, record.version
        )

    def written(self, record: Record, asked_at: float) -> None:
        """Note that the server has stored what was wanted.

        ``asked_at`` is when the request was sent: others may have seen it any time since then.
        """
        self._record = record
        self._unchanged_since = self._renewed_at = asked_at
        self._respected = 0.0

    def refused(self) -> None:
        """Note that the Lease is not what it was: it must be read again."""
        self._record = None

    def resigned(self, now: float, time_of_day: str) -> Record | None:
        """Stop leading, and return what to write so that nobody has to wait; None for nothing."""
        was_leading, record = self.is_leading(now), self._record
        self._renewed_at = None
        self._record = None
        if not was_leading or record is None:
            return None
        return replace(record, holder="", renewed=time_of_day, duration=1)

    @property
    def _seconds(self) -> int:
        return round(self.times.lease)


def _said(record: Record) -> tuple[str, str, int]:
    return (record.holder, record.renewed, record.transitions)
