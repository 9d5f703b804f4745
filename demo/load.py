"""The tutorial's benchmark: JSON requests to the gateway at a fixed rate, one at a time."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from demo.questions import Question
from demo.services import REROUTED, SERVED_BY

_TIMEOUT_SECONDS = 10.0

Asked = TypeVar("Asked")
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one request.

    ``failure`` is empty or describes the error; ``seconds`` is the time to the last byte.
    """

    model: str
    seconds: float
    served_by: str = ""
    rerouted: bool = False
    failure: str = ""


class Client:
    """One connection to the gateway, which reconnects after an error."""

    def __init__(self, host: str, port: int) -> None:
        """Prepare a connection; the first question opens it."""
        self._connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT_SECONDS)

    def ask(self, question: Question) -> Outcome:
        """Send a question, wait for the answer and check it. Never raises on a failed request."""
        start = time.perf_counter()
        try:
            self._connection.request(
                "POST",
                f"/v2/models/{question.model}/infer",
                question.body,
                {"content-type": "application/json", "model": question.model},
            )
            response = self._connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            seconds = time.perf_counter() - start
            return Outcome(question.model, seconds, failure=f"{type(error).__name__}: {error}")
        return Outcome(
            question.model,
            time.perf_counter() - start,
            response.getheader(SERVED_BY, ""),
            response.getheader(REROUTED) == "true",
            _fault(question, response.status, body),
        )

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _fault(question: Question, status: int, body: bytes) -> str:
    """Return what is wrong with an answer; empty if it is right."""
    if status != http.client.OK:
        return f"HTTP {status}: {body.decode(errors='replace')[:200]}"
    try:
        digit = _digit(json.loads(body))
    except (ValueError, KeyError, IndexError, TypeError):
        return f"no prediction in {body.decode(errors='replace')[:200]}"
    if digit != question.digit:
        return f"{question.model} predicts {question.digit}, but the answer is {digit}"
    return ""


def _digit(answer: dict[str, list[dict[str, dict[str, list[str]]]]]) -> int:
    contents = answer["outputs"][0]["contents"]
    # Envoy writes lowerCamelCase field names unless it is configured to keep those of the .proto.
    digits = contents.get("int64Contents") or contents["int64_contents"]
    return int(digits[0])


def run(
    ask: Callable[[Asked], Found],
    questions: Iterable[Asked],
    *,
    rate: float,
    stop: threading.Event,
) -> list[Found]:
    """Ask ``rate`` questions per second, one at a time, until ``stop`` is set.

    A slow answer delays the questions behind it, which then follow without a pause until they are
    on schedule again. Blocks: call it in a thread.
    """
    outcomes: list[Found] = []
    for question, due in zip(questions, _turns(time.monotonic(), 1 / rate), strict=False):
        if stop.wait(max(0.0, due - time.monotonic())):
            break
        outcomes.append(ask(question))
    return outcomes


def _turns(start: float, pause: float) -> Iterator[float]:
    turn = 0
    while True:
        yield start + turn * pause
        turn += 1
