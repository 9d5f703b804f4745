"""MLServer's index, which costs it much, is asked for a small share of its time."""

from __future__ import annotations

import asyncio

import pytest

from straightway.holdings.answers import FailureKind, ModelState, NoAnswerError
from straightway.holdings.apis.mlserver import MLServer
from tests.support.asking import SETTINGS, target
from tests.support.recorded import Recorded
from tests.support.virtual_time import run

READY, LOADING, UNAVAILABLE = ModelState.READY, ModelState.LOADING, ModelState.UNAVAILABLE
INDEX = "POST /v2/repository/index"


def index(**states: str) -> list[dict[str, str]]:
    return [
        {"name": name, "version": "", "state": state, "reason": ""}
        for name, state in states.items()
    ]


class Pace(Recorded):
    """An MLServer that is asked once a second; its index takes `seconds`, other calls 1 ms."""

    def __init__(self, seconds: float, **states: str) -> None:
        super().__init__({INDEX: index(**states)})
        self._index_takes = seconds
        self._asker = MLServer()

    async def ask(self) -> dict[str, ModelState]:
        await asyncio.sleep(1 - asyncio.get_running_loop().time() % 1)
        answer = await self._asker.ask(self, target(8080), SETTINGS)
        return {model.name: model.state for model in answer.models}

    async def _send(self, endpoint, method, path, settings, body=b"", seconds=None):
        await asyncio.sleep(self._index_takes if f"{method} {path}" == INDEX else 0.001)
        return await super()._send(endpoint, method, path, settings, body, seconds)


def test_a_cheap_index_is_asked_every_time():
    async def scenario():
        pace = Pace(0.007, iris="READY")
        for _ in range(10):
            assert await pace.ask() == {"iris": READY}
        assert pace.asked == {INDEX: 10}

    run(scenario())


def test_a_costly_index_is_asked_for_a_twentieth_of_the_time():
    async def scenario():
        pace = Pace(0.2, iris="READY")
        pace.answers["GET /v2/models/iris/ready"] = b""
        for _ in range(100):
            assert await pace.ask() == {"iris": READY}
        assert pace.asked[INDEX] == 20  # Of 0.2 s each, in 100 s
        assert pace.asked["GET /v2/models/iris/ready"] == 80

    run(scenario())


@pytest.mark.parametrize(
    ("before", "status", "after"),
    [
        ("READY", 404, UNAVAILABLE),
        ("READY", 400, LOADING),
        ("UNKNOWN", 200, READY),
        ("UNKNOWN", 400, LOADING),
        ("UNKNOWN", 404, UNAVAILABLE),
    ],
)
def test_between_two_indexes_a_model_says_itself_what_it_is(before, status, after):
    async def scenario():
        pace = Pace(0.2, iris=before)
        await pace.ask()
        pace.answers["GET /v2/models/iris/ready"] = b"" if status == 200 else status
        assert (await pace.ask())["iris"] is after
        assert pace.asked[INDEX] == 1

    run(scenario())


def test_a_change_has_the_index_asked_at_once():
    async def scenario():
        pace = Pace(0.2, iris="READY")
        await pace.ask()
        await pace.ask()  # iris is gone: 404
        pace.answers[INDEX] = index(iris="UNAVAILABLE", digits="READY")
        assert await pace.ask() == {"iris": UNAVAILABLE, "digits": READY}

    run(scenario())


def test_what_is_not_loaded_is_not_asked_one_by_one():
    async def scenario():
        pace = Pace(0.2, **{f"m{number}": "UNAVAILABLE" for number in range(100)})
        for _ in range(4):
            await pace.ask()
        assert set(pace.asked) == {INDEX}

    run(scenario())


def test_after_a_failure_the_index_is_asked():
    async def scenario():
        pace = Pace(0.2, iris="READY")
        await pace.ask()
        pace.answers["GET /v2/models/iris/ready"] = FailureKind.REFUSED
        with pytest.raises(NoAnswerError):
            await pace.ask()
        pace.answers[INDEX] = index(iris="UNAVAILABLE")
        assert await pace.ask() == {"iris": UNAVAILABLE}

    run(scenario())
