"""What a real server of KServe's says of its models, and what of that counts."""

from __future__ import annotations

import pytest

from straightway.holdings.answers import FailureKind, ModelState
from straightway.holdings.pools import Api
from tests.support.asking import Asking
from tests.support.runtimes import places
from tests.support.runtimes.kserve import KServe
from tests.support.waiting import eventually

pytestmark = pytest.mark.long

READY, LOADING = ModelState.READY, ModelState.LOADING


@pytest.fixture
def asking(kserve):
    with Asking(Api.KSERVE, kserve.port) as asking:
        yield asking


def test_auto_knows_it(kserve):
    with Asking(Api.AUTO, kserve.port) as asking:
        asking.ask()
        assert asking.asker.api is Api.KSERVE


def test_a_model_is_held_from_its_load_to_its_unload(kserve, asking):
    kserve.add("moves")
    assert "moves" not in asking.states()
    assert kserve.load("moves").ok
    assert asking.states()["moves"] is READY
    assert kserve.unload("moves").ok
    assert "moves" not in asking.states()


def test_a_model_that_is_registered_and_not_ready_is_not_held(kserve, asking):
    kserve.add("waits")
    kserve.behave("waits", "wait")
    assert kserve.load("waits").status == 503
    assert "waits" in kserve.get("/v2/models").json()["models"]
    assert asking.states()["waits"] is LOADING
    kserve.behave("waits", "ready")
    assert asking.states()["waits"] is READY
    kserve.behave("waits", "fail")
    assert asking.states()["waits"] is LOADING


def test_a_load_that_blocks_the_server_is_no_answer(kserve):
    kserve.add("blocks")
    kserve.behave("blocks", "block")
    with Asking(Api.KSERVE, kserve.port, timeout=0.3) as asking:
        loading = kserve.load_aside("blocks")
        eventually(lambda: asking.fails() is FailureKind.TIMEOUT)
        kserve.behave("blocks", "ready")
        assert loading.result().ok
        assert asking.states()["blocks"] is READY


def test_a_name_with_a_slash_is_held_if_it_is_listed(tmp_path):
    """KServe finds it by no path, encoded or not; clients name it in the body of an OpenAI call."""
    places.need("kserve")
    own = KServe(tmp_path / "own")
    try:
        own.add("org/model")
        own.serve_at_start("org/model")
        own.start()
        assert own.get("/v2/models/org%2Fmodel/ready").status == 404
        with Asking(Api.KSERVE, own.port) as asking:
            assert asking.states() == {"org/model": READY}
            own.process.kill()
            assert asking.fails() is FailureKind.REFUSED
    finally:
        own.close()
