"""What happens if the output cannot be written: the reader is gone, or the disk is full."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import typer

_FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


@contextmanager
def printing() -> Iterator[None]:
    """End the process quietly if a pipe is closed, and with one line if a disk is full.

    A closed pipe ends it with SIGPIPE, as it ends any Unix program; shells report that as exit code
    141. Python ignores the signal and raises BrokenPipeError instead, partly when it exits, where
    nobody can catch it.
    """
    before = signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        yield
        _flush()
    except OSError as error:
        if error.errno not in _FULL:
            raise
        _discard()
        typer.echo(f"Error: The output cannot be written: {error.strerror}", err=True)
        sys.exit(1)
    finally:
        signal.signal(signal.SIGPIPE, before)


def survive_closed_pipes() -> None:
    """Ignore SIGPIPE, as a program with sockets must."""
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)


def _flush() -> None:
    # It is None if the process was started without it (`>&-`).
    if sys.stdout is not None:
        sys.stdout.flush()


def _discard() -> None:
    """Send what is still buffered nowhere: Python writes it when it exits."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
