"""Ports that no other program takes during a test."""

from __future__ import annotations

import itertools
import os
import socket

# Below Linux's range for outgoing connections (32768 and up): from there, another client could take
# a port before its process starts, or while it restarts. Parallel test processes start at different
# candidates.
_candidates = itertools.cycle(range(20_000, 32_000))
for _ in range(os.getpid() * 101 % 12_000):
    next(_candidates)


def free_port() -> int:
    """Return a port on which nothing listens; no port is returned twice in a test run."""
    for port in _candidates:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("unreachable: the candidates never end")


def accepts(port: int) -> bool:
    """Whether something listens on 127.0.0.1:port."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
