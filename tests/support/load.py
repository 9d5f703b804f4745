"""Requests in the background while a test makes changes."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Self

from tests.support.http import Answer
from tests.support.waiting import eventually


class Load:
    """Calls `send` repeatedly, one call at a time, while the context is open.

    `rate` limits the calls per second; without it there is no pause.
    """

    def __init__(self, send: Callable[[], Answer], *, rate: float | None = None) -> None:
        self._send = send
        self._pause = 1 / rate if rate else 0.0
        self._answers: list[Answer] = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)

    @property
    def answers(self) -> list[Answer]:
        """All answers so far, in order."""
        return list(self._answers)

    @property
    def failures(self) -> list[Answer]:
        """The answers with a status other than 2xx, and requests without an answer."""
        return [answer for answer in self.answers if not answer.ok]

    @property
    def upstreams(self) -> Counter[str]:
        """The number of successful answers per upstream."""
        return Counter(answer.upstream for answer in self.answers if answer.ok)

    def wait_for_more(self, count: int = 50) -> list[Answer]:
        """Wait for a number of further answers; return these and any later ones."""
        seen = len(self._answers)
        eventually(lambda: len(self._answers) >= seen + count, what=f"{count} more answers")
        return self._answers[seen:]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        due = time.monotonic()
        while not self._end.is_set():
            self._answers.append(self._send())
            due = max(due + self._pause, time.monotonic() - self._pause)
            self._end.wait(due - time.monotonic())
