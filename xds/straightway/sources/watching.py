"""Waiting for changes in a folder: by the kernel's notifications, or else by looking often.

The paths are hints where to look, no more. Notifications may be lost (a full queue, a link's
target outside the folder, a network file system), so the folder source looks at everything from
time to time.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Protocol


class WatchError(Exception):
    """The kernel cannot notify, or no more. The message is its reason."""


class Watch(Protocol):
    """Waits for changes below a folder from the moment it is made."""

    async def changes(self, seconds: float) -> set[str] | None:
        """Wait for changes, at most for ``seconds``, and return the paths of changed files.

        None means that anything may have changed, folders too. Raises WatchError.
        """

    def close(self) -> None:
        """End it."""


def open_watch(folder: Path) -> Watch:
    """Have the kernel watch a folder. It blocks.

    Raises WatchError, and FileNotFoundError if the folder is gone.
    """
    if not sys.platform.startswith("linux"):
        raise WatchError("only Linux has inotify")
    # Imported here because asyncinotify can be imported on Linux alone.
    from straightway.sources.notify_watch import NotifyWatch

    return NotifyWatch(folder)


class PollWatch:
    """Says every ``interval`` seconds that anything may have changed."""

    def __init__(self, interval: float) -> None:
        self._interval = interval

    async def changes(self, seconds: float) -> set[str] | None:
        """Wait for the interval, or for less if that was asked."""
        await asyncio.sleep(min(self._interval, seconds))
        return None

    def close(self) -> None:
        """Nothing is held."""
