"""ModelMesh's registry is asked once for all runtimes: a recorded etcd 3.6 without models."""

from __future__ import annotations

import asyncio
import gc
from dataclasses import replace

import pytest

from straightway.documents.secrets import Sealed
from straightway.holdings.answers import FailureKind, NoAnswerError
from straightway.holdings.apis.modelmesh import ModelMesh
from straightway.holdings.pools import Access, Api
from tests.support.asking import SETTINGS, target
from tests.support.recorded import Recorded
from tests.support.virtual_time import run

RANGE = "POST /v3/kv/range"
ETCD = replace(SETTINGS, api=Api.MODELMESH, etcd="http://etcd:2379/serving/mm/modelmesh")
EMPTY = {
    "header": {"cluster_id": "3249525912006437", "revision": "7", "raft_term": "2"},
    "count": "0",
}


async def ask_all(http, askers, settings=ETCD):
    """Ask for all runtimes at once; return what came, or the errors."""
    asked = (
        asker.ask(http, target(8033, pod=f"pod-{number}"), settings)
        for number, asker in enumerate(askers)
    )
    return await asyncio.gather(*asked, return_exceptions=True)


def test_a_hundred_runtimes_are_two_requests():
    async def scenario():
        http = Recorded({RANGE: EMPTY}, seconds=0.01)
        askers = [ModelMesh() for _ in range(100)]
        for rounds in range(1, 4):
            await ask_all(http, askers)
            assert http.asked[RANGE] == 2 * rounds, "one for each of its tables"
            await asyncio.sleep(ETCD.interval)

    run(scenario())


def test_a_failure_is_that_of_all_and_not_waited_for_a_hundred_times():
    async def scenario():
        http = Recorded({RANGE: FailureKind.TIMEOUT}, seconds=5)
        errors = await ask_all(http, [ModelMesh() for _ in range(100)])
        assert {error.kind for error in errors} == {FailureKind.TIMEOUT}
        assert http.asked[RANGE] == 1
        assert asyncio.get_running_loop().time() < 6

    run(scenario())


def test_other_credentials_have_a_registry_of_their_own():
    async def scenario():
        http = Recorded({RANGE: EMPTY})
        first, second = ModelMesh(), ModelMesh()
        await ask_all(http, [first])
        await ask_all(http, [second], replace(ETCD, access=Access(token=Sealed(b"t"))))
        assert http.asked[RANGE] == 4

    run(scenario())


def test_a_registry_that_nobody_asks_is_forgotten():
    async def scenario():
        http = Recorded({RANGE: EMPTY})
        asker = ModelMesh()
        await ask_all(http, [asker])
        assert len(http.shared) == 1
        del asker
        gc.collect()
        assert len(http.shared) == 0

    run(scenario())


@pytest.mark.parametrize(
    ("pod", "etcd", "words"),
    [
        ("", ETCD.etcd, "without its Pod's name"),
        ("pod", "", "without etcd"),
    ],
)
def test_what_is_missing_is_told(pod, etcd, words):
    async def scenario():
        settings = replace(ETCD, etcd=etcd)
        with pytest.raises(NoAnswerError, match=words):
            await ModelMesh().ask(Recorded(), target(8033, pod=pod), settings)

    run(scenario())


@pytest.mark.parametrize(
    "page",
    [
        {"header": {"revision": "x"}},
        {"header": {"revision": "-1"}},
        {"header": {"revision": "9" * 40}},
        {"header": {"revision": "7"}, "kvs": [{"key": "a"}]},
        {"header": {"revision": "7"}, "kvs": [{"key": "YQ==", "value": "!"}]},
        {},
    ],
    ids=str,
)
def test_what_is_no_answer_of_etcd_is_told(page):
    async def scenario():
        with pytest.raises(NoAnswerError) as error:
            await ModelMesh().ask(Recorded({RANGE: page}), target(8033, pod="pod"), ETCD)
        assert error.value.kind is FailureKind.INVALID
        assert str(error.value).startswith("POST http://etcd:2379/v3/kv/range: ")

    run(scenario())
