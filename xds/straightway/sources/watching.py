"""Waiting for changes in a folder: by the kernel's notifications, or else by looking often.

The paths are hints where to look, no more. Notifications may be lost (a full queue, a link's
target outside the folder, a network file system), so the folder source looks at everything from
time to time.
"""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Protocol

from watchfiles._rust_notify import RustNotify, WatchfilesRustInternalError

# Changes are handed over when none has come for a step, and at the latest after the debounce time.
# The first of them is noticed half a step late on average.
_STEP_MS = 5
_DEBOUNCE_MS = 30


class WatchError(Exception):
    """The kernel cannot notify, or no more. The message is its reason."""


class Watch(Protocol):
    """Waits for changes below a folder from the moment it is made."""

    async def changes(self, seconds: float) -> set[str] | None:
        """Wait for changes, at most for ``seconds``, and return the changed paths.

        None means that anything may have changed. Raises WatchError.
        """

    def close(self) -> None:
        """End it."""


class NotifyWatch:
    """Learns of changes from the kernel (inotify, FSEvents, …) within milliseconds."""

    def __init__(self, folder: Path) -> None:
        """Begin to watch. Raises WatchError, and FileNotFoundError if some folder is gone."""
        self._stop = threading.Event()
        try:
            self._notify = RustNotify(
                [str(folder)],
                debug=False,
                force_polling=False,
                poll_delay_ms=0,
                recursive=True,
                # True would pass over every error, and watch nothing.
                ignore_permission_denied=False,
            )
        except FileNotFoundError:
            raise
        except (OSError, WatchfilesRustInternalError) as error:
            raise WatchError(str(error)) from error

    async def changes(self, seconds: float) -> set[str] | None:
        """Wait for changes, as :class:`Watch` says."""
        milliseconds = max(int(seconds * 1000), 1)
        try:
            found = await asyncio.to_thread(
                self._notify.watch, _DEBOUNCE_MS, _STEP_MS, milliseconds, self._stop
            )
        except WatchfilesRustInternalError as error:
            raise WatchError(str(error)) from error
        return set() if isinstance(found, str) else {path for _, path in found}

    def close(self) -> None:
        """End it: the thread that waits ends within a step."""
        self._stop.set()


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
