"""The state folder of one config folder, and the task that keeps it up to date."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import structlog

from straightway.intake import LastGood
from straightway.intake.last_good import Record
from straightway.state.journal import MAX_SIZE, Journal, JournalError

_log = structlog.get_logger()

WRITE_INTERVAL: Final = 1.0
"""How long to gather changes before they are written, in seconds."""
RETRY_INTERVAL: Final = 30.0
"""How long to wait before a failed write is retried, in seconds."""
_MOST: Final = 200
"""How many bundles to collect at a time, which blocks the event loop."""
_SLICE: Final = 20
"""The number of records after which the writing thread lets others run."""


def default_root() -> Path | None:
    """Return where the state of all config folders is; None if there is no home directory.

    ``$XDG_STATE_HOME/straightway``, else ``~/.local/state/straightway``:
    https://specifications.freedesktop.org/basedir-spec/latest/
    """
    root = os.environ.get("XDG_STATE_HOME", "")
    if Path(root).is_absolute():
        return Path(root) / "straightway"
    try:
        return Path.home() / ".local/state/straightway"
    except RuntimeError:
        return None


def folder_for(root: Path, config: Path) -> Path:
    """Return the state folder of a config folder: its name, and a digest of its path.

    The path is that which the user knows: if it is a link that each release points elsewhere, the
    state is still the same.
    """
    path = Path(os.path.abspath(config))  # noqa: PTH100 (Path.absolute keeps `..`)
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
    name = re.sub(r"[^A-Za-z0-9._-]", "_", path.name)[:64].lstrip(".")
    return root / f"{name or 'config'}-{digest}"


def folder_for_cluster(root: Path, kubeconfig: Path | None, context: str | None) -> Path:
    """Return the state folder of a cluster, as the user names it: "" for that around the Pod."""
    named = f"{os.path.abspath(kubeconfig) if kubeconfig else ''}\0{context or ''}"  # noqa: PTH100
    return root / f"kubernetes-{hashlib.sha256(os.fsencode(named)).hexdigest()[:12]}"


class StateFolder:
    """Reads what an earlier run left, and writes what this one needs to keep.

    The folder is private to the user (0700, files 0600). One process writes at a time: another one
    with the same folder reads it at its start, and takes over when the first has ended.
    """

    def __init__(self, folder: Path, max_size: int = MAX_SIZE) -> None:
        self._folder = folder
        self._journal = Journal(folder / "last-good.journal", max_size)
        self._lock: int | None = None
        self._has_failed = self._has_warned = False

    def open(self) -> LastGood:
        """Return what an earlier run left. Blocks; never raises."""
        try:
            self._lock_it()
        except OSError as error:
            self._warn(error)
        try:
            return LastGood(self._journal.load())
        except (OSError, JournalError) as error:
            self._warn(error)
            return LastGood()

    async def keep(self, state: LastGood) -> None:
        """Write changes until cancelled, then write what is left. Raises nothing else."""
        try:
            while True:
                await asyncio.sleep(RETRY_INTERVAL if self._has_failed else WRITE_INTERVAL)
                while self._is_behind(state) and self._can_write():
                    await self._write_in_thread(state)
                    if self._has_failed:
                        break
        finally:
            while self._is_behind(state) and self._can_write():
                self._write(*self._due(state))
                if self._has_failed:
                    break
            self._unlock()

    async def _write_in_thread(self, state: LastGood) -> None:
        writing = asyncio.ensure_future(asyncio.to_thread(self._write, *self._due(state)))
        try:
            await asyncio.shield(writing)
        finally:
            # Also when cancelled: nothing else may write while a thread still does.
            await writing

    def _is_behind(self, state: LastGood) -> bool:
        return state.is_changed or self._has_failed

    def _due(self, state: LastGood) -> tuple[list[Record], bool]:
        """Return what to write, and whether it is everything."""
        if self._journal.wants_rewriting:
            return state.everything(), True
        return state.take(_MOST), False

    def _write(self, records: list[Record], everything: bool) -> None:
        self._has_failed = False
        try:
            if everything:
                self._journal.rewrite(_yielding(records))
            else:
                self._journal.append(_yielding(records))
        except Exception as error:  # noqa: BLE001 (what is kept for later must not end serving)
            self._journal.spoil()
            self._has_failed = True
            self._warn(error)
            # The folder itself may be gone: the next attempt recreates it.
            self._unlock()
        if self._journal.left_out:
            self._warn(f"{self._journal.left_out} versions are too large or not plain data")

    def _can_write(self) -> bool:
        try:
            return self._lock is not None or self._lock_it()
        except OSError as error:
            self._has_failed = True
            self._warn(error)
            return False

    def _lock_it(self) -> bool:
        """Become the writer of this folder; False if another process is."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            if not isinstance(error, BlockingIOError):
                raise
            self._warn("another process writes to this folder; this one takes over when it ends")
            return False
        self._lock = descriptor
        # What was read before may be stale: another process has written here in the meantime.
        self._journal.spoil()
        return True

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _warn(self, reason: object) -> None:
        """Warn once about a problem with the folder."""
        if self._has_warned:
            return
        self._has_warned = True
        _log.warning(
            "last good versions are not kept",
            folder=str(self._folder),
            # An error's text would repeat its number and the folder.
            reason=(isinstance(reason, OSError) and reason.strerror) or str(reason),
            consequence="an object that is broken at the next start may not be in force at all",
            remedy="name a folder that can be written with --state DIR, or say --no-state",
        )


def _yielding(records: list[Record]) -> Iterator[Record]:
    """Yield the records, and regularly let the event loop's thread run."""
    for index, record in enumerate(records):
        if index % _SLICE == 0:
            time.sleep(0)
        yield record
