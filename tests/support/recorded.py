"""An HTTP client whose answers are recorded ones: runtimes that no test can start."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from straightway.holdings.answers import FailureKind, NoAnswerError
from straightway.holdings.apis import HttpClient
from straightway.holdings.apis.replies import Reply
from straightway.holdings.http1 import Endpoint
from straightway.holdings.pools import Settings

Recording = Any
"""A body, as bytes or as what JSON has; a status; a failure; or what is called for one of these."""


class Recorded(HttpClient):
    """Answers by method and path as ``answers`` says, and 404 else; ``asked`` counts the calls.

    Each call takes ``seconds``, by the clock of the event loop.
    """

    def __init__(self, answers: dict[str, Recording] | None = None, seconds: float = 0.0) -> None:
        super().__init__()
        self.answers = dict(answers or {})
        self.asked: Counter[str] = Counter()
        self.seconds = seconds

    async def _send(
        self,
        endpoint: Endpoint,
        method: str,
        path: str,
        settings: Settings,
        body: bytes = b"",
        seconds: float | None = None,
    ) -> Reply:
        what = f"{method} {path}"
        self.asked[what] += 1
        if self.seconds:
            await asyncio.sleep(self.seconds)
        answer = self.answers.get(what, 404)
        if isinstance(answer, Callable):  # type: ignore[arg-type]
            answer = answer()
        asked = f"{method} {endpoint.url}{path}"
        if isinstance(answer, FailureKind):
            raise NoAnswerError(answer, f"{asked}: {answer}")
        if isinstance(answer, int):
            return Reply(asked, answer)
        return Reply(asked, 200, answer if isinstance(answer, bytes) else _encoded(answer))


def _encoded(answer: Recording) -> bytes:
    return json.dumps(answer).encode()
