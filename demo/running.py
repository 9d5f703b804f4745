"""What runs of the demos have in common: a work folder, interrupts, and exit codes."""

from __future__ import annotations

import asyncio
import shutil
import signal
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from rich.console import Console

from demo.processes import DemoError

KEPT, NOT_KEPT, INTERRUPTED = 0, 1, 130


async def run(console: Console, play: Callable[[Path], Awaitable[bool]]) -> int:
    """Play a demo in a new work folder and return the exit code.

    0: ``play`` says that every promise was kept. 1: it was not, or the demo failed; the reason is
    printed and the logs stay. 130: interrupted.
    """
    task = asyncio.current_task()
    if task is not None:
        on_interrupt(task.cancel)
    work = Path(tempfile.mkdtemp(prefix="straightway-demo-"))
    code = NOT_KEPT
    try:
        try:
            code = KEPT if await play(work) else NOT_KEPT
        except* DemoError as errors:
            for error in _leaves(errors):
                console.print(f"The demo failed: {error}", soft_wrap=True, markup=False)
    except asyncio.CancelledError:
        code = INTERRUPTED
    if code == NOT_KEPT:
        console.print(f"Logs: {work / 'logs'}", soft_wrap=True)
    else:
        shutil.rmtree(work, ignore_errors=True)
    return code


def on_interrupt(action: Callable[[], object]) -> None:
    """Call ``action`` on the first Ctrl-C or SIGTERM; ignore later ones to protect the cleanup."""
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)

    def once() -> None:
        for number in numbers:
            loop.add_signal_handler(number, lambda: None)
        action()

    for number in numbers:
        loop.add_signal_handler(number, once)


def _leaves(errors: BaseExceptionGroup[DemoError]) -> Iterator[DemoError]:
    for error in errors.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
