"""What one config file holds, or why it cannot be read."""

from __future__ import annotations

import errno
import os
import stat

import structlog

from straightway.documents import Bundle, Problem, Severity
from straightway.sources.files import ConfigFile, is_gone, reason_of
from straightway.sources.yaml_documents import Reading, read_documents
from straightway.sources.yaml_limits import MAX_FILE_SIZE

_log = structlog.get_logger()
_LEAST = 2**16


def read_file(file: ConfigFile, before: Reading | None = None) -> Reading | None:
    """Read a file, reusing what is unchanged in ``before``; None if it is gone.

    If the file cannot be read, the bundle has a problem and is incomplete.
    """
    try:
        return _read(file, before)
    except OSError as error:
        if is_gone(error, file.path):
            return None
        message = f"The file cannot be read: {reason_of(error, file.path)}."
        return _unread(file, "unreadable-file", message, passing=True)
    except Exception:  # noqa: BLE001 (a bug must not keep other files from being read)
        _log.exception("config file not read", file=file.path)
        message = "Straightway failed to read this file because of a bug: see its log."
        return _unread(file, "internal-error", message)


def content_of(path: str) -> bytes:
    """Return the bytes of a regular file, at most one more than is allowed.

    Raises OSError also for what would never end, or would wait: a named pipe that has just taken
    the file's place, or a link to one of the kernel's files such as ``/proc/kmsg``.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:  # noqa: PTH123 (it is open)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        # The kernel's files have no size.
        content = file.read(min(max(status.st_size, _LEAST), MAX_FILE_SIZE) + 1)
    if content is None:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return content


def _read(file: ConfigFile, before: Reading | None) -> Reading:
    content = content_of(file.path)
    if len(content) > MAX_FILE_SIZE:
        size = f"{MAX_FILE_SIZE // 2**20} MiB"
        return _unread(file, "file-too-large", f"The file is larger than {size}: split it.")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        message = f"The byte 0x{content[error.start]:02X} is not UTF-8: save the file as UTF-8."
        line = content.count(b"\n", 0, error.start) + 1
        return _unread(file, "not-utf-8", message, line)
    return read_documents(file.key, file.path, text, before)


def _unread(
    file: ConfigFile, code: str, message: str, line: int = 1, *, passing: bool = False
) -> Reading:
    problem = Problem(f"{file.path}:{line}", code, Severity.ERROR, message)
    bundle = Bundle(file.key, (), (problem,), complete=False)
    return Reading(file.path, bundle, is_passing=passing)
