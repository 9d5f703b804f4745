"""When the API server counts as away, and for which reason: judged by all who ask it."""

from __future__ import annotations

from typing import Final

from straightway.kubernetes.follower import Follower

DOWN_AFTER: Final = 2
"""After how many failures in a row the API server counts as away: a watch may always break."""
SAY_AGAIN: Final = 30.0
"""For how many seconds a reason stands, whatever the next one is: two may alternate."""
_WAKE_SECONDS: Final = 1.0
"""How often an answer may wake those that wait: if all ask and fail in turn, it must not be hot."""


class Outage:
    """Who gets no answers, and what was said of it. Times are in seconds of a monotonic clock.

    Everyone may fail for a reason of its own. The one that is said is that of one of them, for as
    long as this one fails: so it changes when the server's trouble does, not with whoever asks.
    """

    def __init__(self) -> None:
        self._failures: dict[Follower, int] = {}
        self._since: float | None = None
        self._speaker: Follower | None = None
        self._said = ""
        self._said_at = 0.0
        self._woken_at = float("-inf")

    def failed(self, follower: Follower, message: str, now: float) -> bool:
        """Note a failure; return whether the message is to be said."""
        self._failures[follower] = self._failures.get(follower, 0) + 1
        if not self._is_down(follower) or message == self._said or self._stands(follower, now):
            return False
        self._since = now if self._since is None else self._since
        self._speaker, self._said, self._said_at = follower, message, now
        return True

    def answered(self, follower: Follower, now: float) -> float | None:
        """Note a good answer; return for how long the server was away, if that is over now.

        Those that still wait for their next attempt make it at once.
        """
        has_failed = self._failures.pop(follower, 0)
        if not has_failed or self._since is None:
            return None
        seconds = None
        if not any(map(self._is_down, self._failures)):
            seconds = now - self._since
            self._since, self._speaker, self._said = None, None, ""
        if now - self._woken_at >= _WAKE_SECONDS:
            self._woken_at = now
            for each in self._failures:
                each.try_now()
        return seconds

    def _is_down(self, follower: Follower) -> bool:
        return self._failures.get(follower, 0) >= DOWN_AFTER

    def _stands(self, follower: Follower, now: float) -> bool:
        """Whether what was said stands, whatever this one says."""
        speaker = self._speaker
        if speaker is None:
            return False
        is_anothers = speaker is not follower and self._is_down(speaker)
        return is_anothers or now < self._said_at + SAY_AGAIN
