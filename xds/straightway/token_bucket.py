"""A bound on how often something is done. Times are in seconds of a monotonic clock."""

from __future__ import annotations


class TokenBucket:
    """Allows ``rate`` acts per second, and ``burst`` at once after a pause."""

    def __init__(self, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst)
        self._at = 0.0

    def wait(self, now: float) -> float:
        """Return how many seconds to wait for the next act; 0 for none."""
        self._fill(now)
        # Rounding must not leave a wait too short to move the clock.
        return 0.0 if self._tokens >= 1 - 1e-6 else (1 - self._tokens) / self._rate

    def take(self, now: float) -> None:
        """Note an act."""
        self._fill(now)
        self._tokens -= 1

    def give_back(self) -> None:
        """Note that an act does not count after all."""
        self._tokens = min(self._burst, self._tokens + 1)

    def _fill(self, now: float) -> None:
        self._tokens = min(self._burst, self._tokens + max(0.0, now - self._at) * self._rate)
        self._at = max(self._at, now)
