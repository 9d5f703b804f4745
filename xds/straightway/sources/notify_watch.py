"""Waits for Linux's notifications (inotify) on the event loop: no thread, no polling.

A file is reported when its writer closes it, renames it into place or removes it, or after a short
while if it is held open and written. The first change after a quiet time is reported at once, later
ones together.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from asyncinotify import Event, Inotify, Mask

from straightway.sources.files import visit_folders
from straightway.sources.watching import WatchError

# Changes that follow others this soon are reported together.
_PAUSE_SECONDS = 0.010

# How long a file may be held open while it is written, before it is read anyway.
_WRITING_SECONDS = 0.030

# How many notifications are processed at once: enough to keep up, few enough not to block.
_BATCH = 256

_FINISHED: Final = int(
    Mask.CLOSE_WRITE | Mask.MOVED_FROM | Mask.MOVED_TO | Mask.DELETE | Mask.ATTRIB
)
_GONE: Final = int(Mask.DELETE_SELF | Mask.MOVE_SELF)
_APPEARED: Final = int(Mask.CREATE | Mask.MOVED_TO)
_LOST: Final = int(Mask.Q_OVERFLOW)
_IGNORED: Final = int(Mask.IGNORED)
_FOLDER: Final = int(Mask.ISDIR) | _GONE
_WATCHED: Final = Mask(_FINISHED | _GONE | _APPEARED | Mask.MODIFY | Mask.ONLYDIR)


@dataclass(slots=True)
class _Found:
    """What the notifications report.

    ``folders`` is true if folders may have been added or removed, ``lost`` if the kernel dropped
    notifications, ``finished`` if anything changed other than files still being written.
    """

    paths: set[str] = field(default_factory=set)
    folders: bool = False
    lost: bool = False
    finished: bool = False

    def take(self, event: Event) -> None:
        mask, path = int(event.mask), event.path
        if mask & _LOST:
            self.folders = self.lost = True
        elif mask & _IGNORED or path is None:
            return
        elif mask & _FOLDER or (mask & _APPEARED and path.is_symlink()):
            self.folders = True
        else:
            self.paths.add(str(path))
            self.finished = self.finished or bool(mask & _FINISHED)
        self.finished = self.finished or self.folders


class NotifyWatch:
    """Watches a folder and all folders below it, including those that links lead to.

    Creating it blocks. Raises WatchError, and FileNotFoundError if the folder is gone.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._has_more = False
        self._next_at = 0.0
        try:
            self._inotify = Inotify(sync_timeout=0)
        except OSError as error:
            raise WatchError(str(error.strerror)) from error
        try:
            self._watch_folders()
        except BaseException:
            self._inotify.close()
            raise

    async def changes(self, seconds: float) -> set[str] | None:
        """Wait for changes; see :class:`straightway.sources.watching.Watch`."""
        clock = asyncio.get_running_loop().time
        if not await self._readable(clock() + seconds):
            return set()
        if (pause := self._next_at - clock()) > 0:
            await asyncio.sleep(pause)
        found = _Found()
        written_until = clock() + _WRITING_SECONDS
        self._take(found)
        while not found.finished and await self._readable(written_until):
            self._take(found)
        if found.folders:
            try:
                await asyncio.to_thread(self._watch_folders)
            except OSError as error:
                # The folder itself is gone, say; those below it may be.
                raise WatchError(str(error.strerror)) from error
        self._next_at = clock() + _PAUSE_SECONDS
        return None if found.folders else found.paths

    def close(self) -> None:
        """End it."""
        self._inotify.close()

    async def _readable(self, until: float) -> bool:
        """Wait for notifications; false if none arrive in time."""
        if self._has_more:
            return True
        loop = asyncio.get_running_loop()
        descriptor, readable = self._inotify.fd, asyncio.Event()
        loop.add_reader(descriptor, readable.set)
        try:
            async with asyncio.timeout_at(until):
                await readable.wait()
        except TimeoutError:
            return False
        finally:
            loop.remove_reader(descriptor)
        return True

    def _take(self, found: _Found) -> None:
        for _ in range(_BATCH):
            event = self._inotify.sync_get()
            if event is None:
                self._has_more = False
                return
            found.take(event)
        self._has_more = True

    def _watch_folders(self) -> None:
        """Watch the existing folders, and no others."""
        watched: set[int] = set()

        def watch(folder: Path) -> None:
            watched.add(self._watch_folder(folder))

        visited = visit_folders(self._folder, {}, enter=watch)
        # Visiting them is enough.
        for _ in visited:
            pass
        for old in self._inotify.watches:
            if old.wd not in watched:
                # It may have ended automatically.
                with suppress(OSError):
                    self._inotify.rm_watch(old)

    def _watch_folder(self, folder: Path) -> int:
        try:
            watch = self._inotify.add_watch(folder, _WATCHED)
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            raise
        except OSError as error:
            raise WatchError(str(error.strerror)) from error
        # It may have been watched under another path.
        watch.path = folder
        return watch.wd
