"""How many files and connections the process may have open."""

from __future__ import annotations

import resource
from contextlib import suppress


def allow_many() -> None:
    """Raise the limit to what the system allows the process.

    The usual 1,024 are from a time of programs that wait with ``select``; each runtime that is
    asked keeps a connection, as each Envoy does.
    """
    most_now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most_now != most:
        with suppress(OSError, ValueError):  # Some systems say "any number" and mean less.
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
