"""The folder source: reads a folder of YAML files and follows its changes.

What happens when

- **it starts**: everything is read; the first update holds all of it, in the order of the paths. A
  path that is missing or not a folder raises ``ConfigFolderError``.
- **a file is added or changed**: the next update has its bundle; documents with unchanged text are
  the identical objects. Files that change together come in one update, additions and changes before
  removals. An unchanged bundle is not emitted.
- **a file is half-written, emptied, renamed or removed**: see :mod:`straightway.sources.settling`.
- **a mounted ConfigMap changes** (``..data`` is swapped): all files that differ, in one update.
- **the folder is renamed or deleted**: everything stays in force, with the problem
  ``config-folder-gone``, until a folder with that name is back; the two are then compared.
- **a folder below it cannot be listed**: what it held stays in force, with the problem
  ``unreadable-folder``. At the start, the bundles of the files that an earlier run read there are
  incomplete, so that later stages keep what that run held.
- **a file or folder temporarily cannot be read** (no file descriptor is left, for example): it is
  retried soon, and less often the longer it fails.
- **all files vanish** (an unmounted volume): one update removes them, after the grace time.
- **Straightway has a bug**: while reading one file, it is a problem ``internal-error`` of that
  file; anywhere else, it is logged, and the watch restarts.
- **the kernel refuses to watch** (its limit of inotify watches is reached, for example): the folder
  is polled every ``poll_interval`` instead, with the problem ``config-folder-polled``.
- **a change is not notified** (a network file system, the target of a link outside the folder): the
  next full scan finds it, every ``rescan_interval``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from pathlib import Path

import structlog

from straightway.documents import Bundle, Problem, Severity
from straightway.sources.backoff import Backoff
from straightway.sources.files import check_folder, identity
from straightway.sources.folder_reader import FolderReader, folder_bundle
from straightway.sources.settling import Settling
from straightway.sources.update import Update
from straightway.sources.watching import PollWatch, Watch, WatchError, open_watch

_log = structlog.get_logger()

_Identity = tuple[int, int]


class _FolderGoneError(Exception):
    """The folder can no longer be listed. The message is the reason."""


class FolderSource:
    """Reads a folder and follows it. Times are in seconds.

    ``earlier`` are the files, by key, that an earlier run read.
    """

    def __init__(
        self,
        folder: Path,
        *,
        removal_grace: float = 0.5,
        rescan_interval: float = 30.0,
        poll_interval: float = 0.5,
        earlier: Collection[str] = (),
    ) -> None:
        self._folder = folder
        self._earlier = earlier
        self._rescan_interval = rescan_interval
        self._poll_interval = poll_interval
        self._reader = FolderReader(folder, earlier)
        self._settling = Settling(removal_grace)
        self._restarts = Backoff()
        self._retries = Backoff()
        self._retry_at: float | None = None
        self._synced = self._announced = False
        # The current problems of the folder itself, by code, and those emitted last.
        self._troubles: dict[str, Problem] = {}
        self._emitted: tuple[Problem, ...] = ()
        # Readings that have not been processed yet, by key.
        self._unsent: dict[str, Bundle] = {}

    async def run(self, emit: Callable[[Update], None]) -> None:
        """Emit everything, then every change, until cancelled.

        Raises ConfigFolderError if the folder cannot be read at the start.
        """
        await asyncio.to_thread(check_folder, self._folder)
        while True:
            try:
                await self._follow_or_say_why(emit)
            except Exception:  # noqa: BLE001 (a bug must not end the control plane)
                _log.exception("config folder watch failed, will be retried")
            await asyncio.sleep(self._restarts.failed())

    async def _follow_or_say_why(self, emit: Callable[[Update], None]) -> None:
        try:
            await self._follow(emit)
        except WatchError as failure:
            _log.warning("config folder watch restarted", reason=str(failure))
        except _FolderGoneError as gone:
            message = f"The folder cannot be read: {gone}. What it held stays in force."
            self._trouble("config-folder-gone", Severity.ERROR, message)
            self._publish((), emit)

    async def _follow(self, emit: Callable[[Update], None]) -> None:
        """Follow the folder until another one replaces it. Raises _FolderGoneError, WatchError."""
        folder = self._identity()
        # The files of another folder are read, whatever was read under their names before.
        self._reader = FolderReader(self._folder, self._earlier)
        watch = await self._open_watch()
        clock = asyncio.get_running_loop().time
        try:
            self._publish(await self._look(folder, None), emit)
            rescan_at = clock() + self._rescan_interval
            while self._identity() == folder:
                changed = await self._changes(watch, max(self._next_look(rescan_at) - clock(), 0.0))
                touched = self._touched(changed)
                if clock() >= rescan_at:
                    touched = None
                    if isinstance(watch, PollWatch):
                        watch = await self._open_watch()
                if touched is None:
                    rescan_at = clock() + self._rescan_interval
                self._publish(await self._look(folder, touched), emit)
                self._restarts.succeeded()
        finally:
            watch.close()

    def _next_look(self, rescan_at: float) -> float:
        times = (rescan_at, self._settling.due, self._retry_at)
        return min(time for time in times if time is not None)

    def _touched(self, changed: set[str] | None) -> set[str] | None:
        """Return the files to scan, by key; None for all."""
        touched = None if changed is None else self._reader.files_of(changed)
        if self._retry_at is None or asyncio.get_running_loop().time() < self._retry_at:
            return touched
        if touched is None or self._reader.problems:
            return None
        return touched | self._reader.failing

    def _identity(self) -> _Identity:
        try:
            return identity(self._folder)
        except OSError as error:
            raise _FolderGoneError(error.strerror) from error

    async def _changes(self, watch: Watch, seconds: float) -> set[str] | None:
        """Wait for changes. Raises WatchError, and _FolderGoneError if that is the reason."""
        try:
            return await watch.changes(seconds)
        except WatchError:
            self._identity()
            raise

    async def _open_watch(self) -> Watch:
        try:
            watch = await asyncio.to_thread(open_watch, self._folder)
        except OSError as error:
            self._identity()
            raise WatchError(str(error.strerror)) from error
        except WatchError as failure:
            message = (
                f"The system cannot watch the folder ({failure}), so it is polled every "
                f"{self._poll_interval:g} s instead. The limits fs.inotify.* may be too low."
            )
            self._trouble("config-folder-polled", Severity.WARNING, message)
            return PollWatch(self._poll_interval)
        self._troubles.pop("config-folder-polled", None)
        return watch

    async def _look(self, folder: _Identity, touched: set[str] | None) -> tuple[Bundle, ...]:
        """Scan the touched files (None: everything) and those in doubt.

        Returns the bundles that changed; none if the folder has been replaced. Raises
        _FolderGoneError.
        """
        clock = asyncio.get_running_loop().time
        known, due = self._settling.believed, self._settling.due_at(clock())
        try:
            if touched is None:
                seen = await asyncio.to_thread(self._reader.look_everywhere, known, due)
            else:
                seen = await asyncio.to_thread(self._reader.look_at, touched | due, known)
        except OSError as error:
            raise _FolderGoneError(error.strerror) from error
        if self._identity() != folder:
            return ()
        self._troubles.pop("config-folder-gone", None)
        self._plan_retry(clock())
        bundles = self._settling.see(seen, clock(), trusting=not self._synced)
        self._synced = True
        self._earlier = ()
        return bundles

    def _plan_retry(self, now: float) -> None:
        """Schedule a retry of what the system did not allow to be read, which may be temporary."""
        if not self._reader.failing and not self._reader.problems:
            self._retries.succeeded()
            self._retry_at = None
        elif self._retry_at is None or self._retry_at <= now:
            self._retry_at = now + self._retries.failed()

    def _publish(self, bundles: tuple[Bundle, ...], emit: Callable[[Update], None]) -> None:
        problems = (*self._troubles.values(), *self._reader.problems)
        if problems != self._emitted:
            self._emitted = problems
            bundles = (folder_bundle(problems), *bundles)
        for bundle in bundles:
            # In the order of the latest bundles.
            self._unsent.pop(bundle.key, None)
            self._unsent[bundle.key] = bundle
        if self._unsent or self._synced != self._announced:
            emit(Update(tuple(self._unsent.values()), self._synced))
            self._announced = self._synced
            self._unsent.clear()

    def _trouble(self, code: str, severity: Severity, message: str) -> None:
        self._troubles[code] = Problem(str(self._folder), code, severity, message)
