"""Garbage collection: kept away from large work, whose results are then left alone.

The collector looks through everything that was made since it ran last, and at times through
everything there is. In a large rebuild that would stop the event loop for tens or hundreds of
milliseconds, and find nothing, because what is made stays.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_GROWTH = 1.1
"""By what factor a size must have grown to be a new high-water mark."""


class Garbage:
    """When the collector runs, and what it leaves alone.

    What is left alone (``gc.freeze``) is so for good, and that includes garbage in cycles which has
    not been found yet. So it follows large work, or growth beyond all that there was before, and
    not every new audience.
    """

    def __init__(self) -> None:
        self._pauses = 0
        self._was_enabled = False
        self._high_water = 0.0

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Collect nothing inside. Several may be inside at a time."""
        if not self._pauses:
            self._was_enabled = gc.isenabled()
            gc.disable()
        self._pauses += 1
        try:
            yield
        finally:
            self._pauses -= 1
            if not self._pauses and self._was_enabled:
                gc.enable()

    def leave_alone(self, size: int | None = None) -> None:
        """Leave alone all that there is now, because much of it is new and stays.

        ``size`` is any measure of it, for :meth:`leave_alone_if_grown`; None for not measured.
        """
        if size is not None:
            self._high_water = size
        gc.freeze()

    def leave_alone_if_grown(self, size: int) -> None:
        """Leave alone all that there is now, if it is more than ever since it was last done."""
        if size > self._high_water * _GROWTH:
            self.leave_alone(size)
