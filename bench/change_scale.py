"""Estimates the cost at a size that may take too long to measure.

The cost is measured at growing sizes. Once its growth predicts that the last size would exceed the
limit, the rest is extrapolated.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

LIMIT_SECONDS = 15.0
"""Anything longer is extrapolated."""

_LARGEST_EXPONENT = 3.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds at a size: measured, or extrapolated from smaller sizes."""

    seconds: float
    is_measured: bool

    @property
    def about(self) -> str:
        """The prefix of the value."""
        return "" if self.is_measured else "~"


async def at_scale(
    measure: Callable[[int], Awaitable[float]],
    sizes: Sequence[int],
    limit: float = LIMIT_SECONDS,
) -> Estimate:
    """Return the cost at the last of at least three growing sizes, in seconds."""
    measured: list[tuple[int, float]] = []
    for size in sizes:
        if len(measured) > 1:
            expected = extrapolate(measured[-2], measured[-1], sizes[-1])
            if expected > limit:
                return Estimate(expected, is_measured=False)
        measured.append((size, await measure(size)))
    return Estimate(measured[-1][1], is_measured=True)


def extrapolate(smaller: tuple[int, float], larger: tuple[int, float], size: int) -> float:
    """Return the cost at ``size`` from two sizes and their costs, assuming a power law.

    The exponent is at least 1, because fixed costs may dominate at small sizes.
    """
    (few, little), (many, much) = smaller, larger
    exponent = math.log(max(much / little, 1.0)) / math.log(many / few) if little > 0 else 1.0
    return much * math.pow(size / many, min(max(exponent, 1.0), _LARGEST_EXPONENT))
