"""What a real MLServer says of its models, and what of that counts."""

from __future__ import annotations

import pytest

from straightway.holdings.answers import FailureKind, ModelState
from straightway.holdings.pools import Api
from tests.support.asking import Asking
from tests.support.runtimes import places
from tests.support.runtimes.mlserver import MLServer
from tests.support.waiting import eventually

pytestmark = pytest.mark.long

READY, LOADING, UNAVAILABLE = ModelState.READY, ModelState.LOADING, ModelState.UNAVAILABLE


@pytest.fixture
def asking(mlserver):
    with Asking(Api.MLSERVER, mlserver.port) as asking:
        yield asking


def test_auto_knows_it(mlserver):
    with Asking(Api.AUTO, mlserver.port) as asking:
        asking.ask()
        assert asking.asker.api is Api.MLSERVER


def test_a_model_is_held_from_its_load_to_its_unload(mlserver, asking):
    mlserver.add("moves")
    assert asking.states()["moves"] is UNAVAILABLE
    assert mlserver.load("moves").ok
    eventually(lambda: asking.states()["moves"] is READY)
    assert mlserver.unload("moves").ok
    eventually(lambda: asking.states()["moves"] is UNAVAILABLE)


def test_a_model_that_loads_is_not_held(mlserver, asking):
    mlserver.add("waits")
    mlserver.behave("waits", "wait")
    loading = mlserver.load_aside("waits")
    eventually(lambda: asking.states().get("waits") is LOADING)
    mlserver.behave("waits", "ready")
    eventually(lambda: asking.states()["waits"] is READY)
    assert loading.result().ok


def test_others_are_held_after_one_failed(mlserver, asking):
    mlserver.add("held")
    mlserver.add("fails")
    mlserver.behave("fails", "fail")
    assert mlserver.load("held").ok
    assert not mlserver.load("fails").ok
    eventually(lambda: asking.states().get("held") is READY)
    assert asking.states()["fails"] is UNAVAILABLE


def test_each_version_has_a_state(mlserver, asking):
    mlserver.add("versions", "v1", "v2")
    assert mlserver.load("versions").ok
    eventually(lambda: asking.states().get("versions/v2") is READY)
    assert asking.states()["versions/v1"] is READY


def test_a_restart_begins_with_refused_connections(tmp_path):
    places.need("mlserver")
    own = MLServer(tmp_path / "own")
    try:
        own.add("iris")
        own.start()
        own.load("iris")
        with Asking(Api.MLSERVER, own.port) as asking:
            assert asking.states() == {"iris": READY}
            own.process.kill()
            assert asking.fails() is FailureKind.REFUSED
            own.start()
            assert asking.states() == {"iris": UNAVAILABLE}
    finally:
        own.close()
