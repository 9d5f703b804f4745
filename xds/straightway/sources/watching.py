"""Waiting for changes in a folder: by the kernel's notifications, or by polling.

The paths are only hints. Notifications may be lost (a full queue, a link's target outside the
folder, a network file system), so the folder source regularly scans everything.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Protocol


class WatchError(Exception):
    """The kernel cannot notify, or no longer can. The message is the reason."""


class Watch(Protocol):
    """Waits for changes below a folder, from its creation on."""

    async def changes(self, seconds: float) -> set[str] | None:
        """Wait at most ``seconds`` for changes, and return the paths of changed files.

        None means that anything may have changed, folders too. Raises WatchError.
        """

    def close(self) -> None:
        """End it."""


def open_watch(folder: Path) -> Watch:
    """Let the kernel watch a folder. Blocks.

    Raises WatchError, and FileNotFoundError if the folder is gone.
    """
    if not sys.platform.startswith("linux"):
        raise WatchError("only Linux has inotify")
    # Imported here because asyncinotify can only be imported on Linux.
    from straightway.sources.notify_watch import NotifyWatch

    return NotifyWatch(folder)


class PollWatch:
    """Reports every ``interval`` seconds that anything may have changed."""

    def __init__(self, interval: float) -> None:
        self._interval = interval

    async def changes(self, seconds: float) -> set[str] | None:
        """Wait for the interval, or less if requested."""
        await asyncio.sleep(min(self._interval, seconds))
        return None

    def close(self) -> None:
        """There is nothing to release."""
