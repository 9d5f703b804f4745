"""What a real Triton says of its models, and what of that counts."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from straightway.holdings.answers import FailureKind, ModelState
from straightway.holdings.pools import Api
from tests.support.asking import Asking
from tests.support.runtimes import places
from tests.support.runtimes.triton import Triton
from tests.support.waiting import eventually

pytestmark = pytest.mark.long

READY, LOADING, UNAVAILABLE = ModelState.READY, ModelState.LOADING, ModelState.UNAVAILABLE


@pytest.fixture
def asking(triton):
    with Asking(Api.TRITON, triton.port) as asking:
        yield asking


def test_auto_knows_it(triton):
    with Asking(Api.AUTO, triton.port) as asking:
        asking.ask()
        assert asking.asker.api is Api.TRITON


def test_a_model_is_held_from_its_load_to_its_unload(triton, asking):
    triton.add("moves")
    model = asking.models()["moves"]
    assert (model.state, model.reason) == (UNAVAILABLE, "never loaded")

    assert triton.load("moves").ok
    assert asking.states()["moves/1"] is READY

    assert triton.unload("moves").ok
    # The unload has returned; the model goes a moment later.
    assert asking.states()["moves/1"] is UNAVAILABLE
    eventually(lambda: asking.models()["moves/1"].reason == "unloaded")


def test_a_model_that_loads_is_not_held(triton, asking):
    triton.add("waits")
    triton.behave("waits", "wait")
    loading = triton.load_aside("waits")
    eventually(lambda: asking.states().get("waits/1") is LOADING)
    triton.behave("waits", "ready")
    eventually(lambda: asking.states()["waits/1"] is READY)
    assert loading.result().ok


def test_others_are_held_while_one_loads_and_after_it_failed(triton, asking):
    triton.add("held")
    triton.add("fails")
    triton.load("held")
    triton.behave("fails", "wait")
    loading = triton.load_aside("fails")
    eventually(lambda: asking.states().get("fails/1") is LOADING)
    assert triton.get("/v2/health/ready").status == 400, "Triton says that it is not ready"
    assert asking.states()["held/1"] is READY

    triton.behave("fails", "fail")
    assert not loading.result().ok
    models = asking.models()
    assert models["held/1"].state is READY
    assert models["fails/1"].state is UNAVAILABLE
    assert models["fails/1"].reason == "Internal: ValueError: no weights"


def test_a_load_blocks_no_answer(triton):
    """It blocks one of Triton's eight threads, and so the connections that this one serves."""
    triton.add("blocks")
    triton.behave("blocks", "wait")
    with ExitStack() as stack:
        asking = [stack.enter_context(Asking(Api.TRITON, triton.port)) for _ in range(8)]
        for each in asking:
            each.ask()
        loading = triton.load_aside("blocks")
        eventually(lambda: asking[0].states().get("blocks/1") is LOADING)
        assert [each.states()["blocks/1"] for each in asking] == [LOADING] * 8
    triton.behave("blocks", "ready")
    assert loading.result().ok


def test_each_version_has_a_state(triton, asking):
    triton.add("versions", "1", "2", "10")
    triton.load("versions")
    states = {key: state for key, state in asking.states().items() if key.startswith("versions")}
    assert states == {f"versions/{version}": READY for version in ("1", "2", "10")}


def test_a_restart_begins_with_refused_connections(tmp_path):
    places.need("triton")
    own = Triton(tmp_path / "own")
    try:
        own.add("iris")
        own.start()
        own.load("iris")
        with Asking(Api.TRITON, own.port) as asking:
            assert asking.states() == {"iris/1": READY}
            own.process.kill()
            assert asking.fails() is FailureKind.REFUSED
            own.start()
            assert asking.states() == {"iris": UNAVAILABLE}
    finally:
        own.close()
