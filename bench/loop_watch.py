"""``python -m bench.loop_watch FILE serve …``: Straightway, and what its event loop is busy with.

A turn of the loop runs all callbacks that are ready; what arrives meanwhile waits. Each turn that
takes 2 ms or more of CPU time becomes a line of the file: when it ended, in seconds since 1970, and
its CPU time in seconds. It is the thread's own time, so what else the machine does is not in it,
nor is the waiting for events.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

_LEAST_SECONDS = 0.002


def longest_turn(file: Path, since: float) -> float:
    """Return the CPU seconds of the longest turn that ended after a time (since 1970)."""
    turns = (line.split() for line in file.read_text().splitlines())
    return max((float(cpu) for ended, cpu in turns if float(ended) >= since), default=0.0)


def _watch(file: Path) -> None:
    # asyncio has no hook for it; its debug mode would slow down everything.
    loop: Any = asyncio.BaseEventLoop
    run_once = loop._run_once
    lines = file.open("a", buffering=1)

    def timed(self: asyncio.BaseEventLoop) -> None:
        before = time.thread_time()
        run_once(self)
        if (used := time.thread_time() - before) >= _LEAST_SECONDS:
            lines.write(f"{time.time()} {used}\n")

    loop._run_once = timed


if __name__ == "__main__":
    _watch(Path(sys.argv.pop(1)))
    from straightway.cli import main

    main()
