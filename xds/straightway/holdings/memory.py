"""Memory: what one runtime holds, judged by its answers and failures; no I/O, no clock.

A runtime that does not answer is not one that holds nothing: it keeps what it held, for a while.
What an answer says is believed at once, with one exception. A runtime that comes back after a
failure and lists nothing at all has probably not read its repository yet; it has some seconds to
list something. One that says of a model that it loads, or is not there, is believed: to send it
requests until it is ready would fail them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from straightway.holdings.answers import Answer, FailureKind, NoAnswerError
from straightway.holdings.names import LeftOut, Naming, listing, why_not_ready
from straightway.holdings.pools import Settings
from straightway.holdings.transitions import Change, Happening, worded

SETTLE_SECONDS: Final = 10.0
"""For how long a runtime may list nothing after a failure, and keeps what it held."""

_RESTARTS: Final = frozenset({FailureKind.REFUSED, FailureKind.STARTING})
"""The failures of a runtime that is not running, or has not run for long."""


class Memory:
    """What a runtime holds. Times are in seconds, of any clock that does not go back.

    ``values`` are those of the subset key that count now, sorted; ``loading`` those that load.
    """

    __slots__ = (
        "_failing_since",
        "_has_refused",
        "_identity",
        "_naming",
        "_settles_at",
        "_stale_after",
        "_threshold",
        "error",
        "failures",
        "has_answered",
        "left_out",
        "loading",
        "values",
    )

    def __init__(self, settings: Settings) -> None:
        self.values: tuple[str, ...] = ()
        self.loading: tuple[str, ...] = ()
        self.left_out = LeftOut()
        self.has_answered = False
        """Whether it has ever answered."""
        self.error: NoAnswerError | None = None
        """Why there was no answer, if the last call had none."""
        self.failures = 0
        """How many calls in a row had no answer."""
        self._identity = ""
        self._failing_since: float | None = None
        self._has_refused = False
        self._settles_at: float | None = None
        self.settle(settings)

    def settle(self, settings: Settings) -> None:
        """Follow other settings from now on; names follow with the next answer."""
        self._naming = Naming(settings.strip, settings.versions)
        self._threshold = settings.failure_threshold
        self._stale_after = settings.stale_after

    @property
    def is_answering(self) -> bool:
        """Whether it answers, but for fewer failures than count."""
        return self.has_answered and not self.is_failing

    @property
    def is_failing(self) -> bool:
        """Whether it has not answered as often in a row as counts."""
        return self.failures >= self._threshold

    @property
    def is_steady(self) -> bool:
        """Whether the last answer was believed: an equal one changes nothing."""
        return self.has_answered and self._failing_since is None

    @property
    def stale_at(self) -> float | None:
        """When it goes stale unless it answers; None if nothing would change."""
        if self._failing_since is None or not (self.values or self.loading):
            return None
        return self._failing_since + self._stale_after

    # --- What is told to it ---

    def answered(self, answer: Answer, now: float) -> list[Happening]:
        """Take in an answer."""
        told = self._came_back(answer, now)
        self.error, self.failures, self.has_answered = None, 0, True
        self._identity = answer.identity or self._identity
        if self._may_be_starting(answer, now):
            if self._settles_at is None:
                self._settles_at = now + SETTLE_SECONDS
                told.append(Happening(Change.STARTING, self.values, "after it did not answer"))
            return [*told, *self.expire(now)]
        self._failing_since = self._settles_at = None
        return told + self._believe(answer)

    def failed(self, error: NoAnswerError, now: float) -> list[Happening]:
        """Take in that there was no answer."""
        self.error = error
        self.failures += 1
        self._has_refused |= error.kind in _RESTARTS
        if self._failing_since is None:
            self._failing_since = now
        told = []
        if self.failures == self._threshold:
            told.append(Happening(Change.FAILING, self.values, worded(str(error))))
        return told + self.expire(now)

    def expire(self, now: float) -> list[Happening]:
        """Take in that time has passed."""
        stale_at = self.stale_at
        if stale_at is None or now < stale_at:
            return []
        told = [Happening(Change.STALE, self.values, f"no answer for {self._stale_after:g} s")]
        self.values = self.loading = ()
        self.left_out = LeftOut()
        self._settles_at = None
        return told

    # --- What it means ---

    def _came_back(self, answer: Answer, now: float) -> list[Happening]:
        """Say that it answers again, restarted, or is another one; which then starts anew."""
        known, has_refused = self._identity, self._has_refused
        self._has_refused = False
        if known and answer.identity and answer.identity != known:
            self._failing_since = self._settles_at = None
            reason = worded(f"{answer.identity} answers in the place of {known}")
            return [Happening(Change.REPLACED, (), reason)]
        if self._failing_since is None or self.failures == 0:
            return []
        reason = f"after {now - self._failing_since:.3g} s"
        if has_refused and self.has_answered:
            return [Happening(Change.RESTARTED, (), reason)]
        if self.failures >= self._threshold:
            return [Happening(Change.ANSWERING, (), reason)]
        return []

    def _may_be_starting(self, answer: Answer, now: float) -> bool:
        return (
            self._failing_since is not None
            and bool(self.values)
            and not answer.models
            and (self._settles_at is None or now < self._settles_at)
        )

    def _believe(self, answer: Answer) -> list[Happening]:
        ready, loading, left_out = listing(answer.models, self._naming)
        told = self._differences(answer, ready, loading)
        if left_out != self.left_out:
            told.append(Happening(Change.LEFT_OUT, (), str(left_out) or "none any more"))
        self.values, self.loading, self.left_out = ready, loading, left_out
        return told

    def _differences(
        self, answer: Answer, ready: tuple[str, ...], loading: tuple[str, ...]
    ) -> list[Happening]:
        if ready == self.values and loading == self.loading:
            return []
        before, after, loads = set(self.values), set(ready), set(loading)
        told = []
        if gained := sorted(after - before):
            told.append(Happening(Change.GAINED, tuple(gained)))
        told += self._why(Change.LOST, answer, sorted(before - after))
        if begun := sorted(loads - set(self.loading) - before):
            told.append(Happening(Change.LOADING, tuple(begun)))
        told += self._why(Change.NOT_LOADED, answer, sorted(set(self.loading) - loads - after))
        return told

    def _why(self, change: Change, answer: Answer, values: Sequence[str]) -> list[Happening]:
        """Say for values that are not ready why, those with one reason together."""
        by_reason: dict[str, list[str]] = {}
        if values:
            for value, reason in why_not_ready(answer.models, self._naming, values).items():
                by_reason.setdefault(worded(reason), []).append(value)
        return [Happening(change, tuple(each), reason) for reason, each in by_reason.items()]
