"""OpenAI's API: recorded answers of vLLM 0.32, llama-cpp-python 0.3 and a router of llama.cpp."""

from __future__ import annotations

import pytest

from straightway.holdings.answers import FailureKind, Model, ModelState, NoAnswerError
from straightway.holdings.apis import ASKERS
from straightway.holdings.pools import Api
from tests.support.asking import SETTINGS, target
from tests.support.recorded import Recorded

LIST, METRICS = "GET /v1/models", "GET /metrics"
AWAKE = b"""\
# HELP process_start_time_seconds Start time of the process since unix epoch in seconds.
# TYPE process_start_time_seconds gauge
process_start_time_seconds 1.79577379355e+09
# HELP vllm:engine_sleep_state Engine sleep state; awake = 0 means engine is sleeping
# TYPE vllm:engine_sleep_state gauge
vllm:engine_sleep_state{engine="0",model_name="base",sleep_state="awake"} 1.0
vllm:engine_sleep_state{engine="0",model_name="base",sleep_state="weights_offloaded"} 0.0
vllm:engine_sleep_state{engine="0",model_name="base",sleep_state="discard_all"} 0.0
"""
ASLEEP = AWAKE.replace(b'"awake"} 1.0', b'"awake"} 0.0').replace(
    b'"weights_offloaded"} 0.0', b'"weights_offloaded"} 1.0'
)


def card(name: str, parent: str | None = None, created: int = 1795773793) -> dict[str, object]:
    """An entry of vLLM's list."""
    return {
        "id": name,
        "object": "model",
        "created": created,
        "owned_by": "vllm",
        "root": f"/models/{name}",
        "parent": parent,
        "max_model_len": 2048 if parent is None else None,
        "permission": [{"id": f"modelperm-{created}", "object": "model_permission"}],
    }


def vllm(*cards: dict[str, object], metrics: object = AWAKE) -> Recorded:
    return Recorded({LIST: {"object": "list", "data": list(cards)}, METRICS: metrics})


async def ask(http: Recorded):
    return await ASKERS[Api.OPENAI]().ask(http, target(8000), SETTINGS)


async def test_adapters_have_their_base():
    answer = await ask(vllm(card("base"), card("alias"), card("sql", "base")))
    assert answer.models == (Model("base"), Model("alias"), Model("sql", base="base"))


async def test_what_changes_at_every_call_changes_no_answer():
    first = await ask(vllm(card("base", created=1)))
    assert await ask(vllm(card("base", created=2))) == first


async def test_a_sleeping_vllm_holds_nothing():
    answer = await ask(vllm(card("base"), card("sql", "base"), metrics=ASLEEP))
    assert {model.state for model in answer.models} == {ModelState.UNAVAILABLE}
    assert {model.reason for model in answer.models} == {"asleep"}


async def test_the_start_of_the_process_tells_one_run_from_the_next():
    first = await ask(vllm(card("base")))
    assert first.identity == "1.79577379355e+09"
    second = await ask(vllm(card("base"), metrics=AWAKE.replace(b"1.7957", b"1.7958")))
    assert second.identity not in ("", first.identity)


@pytest.mark.parametrize("metrics", [404, 503, b"", b"no metrics at all \xff", b"\n" * 100_000])
async def test_a_vllm_whose_metrics_are_hidden_counts_as_awake(metrics):
    answer = await ask(vllm(card("base"), metrics=metrics))
    assert (answer.models, answer.identity) == ((Model("base"),), "")


async def test_other_servers_are_asked_for_no_metrics():
    http = Recorded({LIST: {"object": "list", "data": [{"id": "llama", "owned_by": "me"}]}})
    assert (await ask(http)).models == (Model("llama"),)
    assert set(http.asked) == {LIST}


async def test_a_router_says_what_it_has_loaded():
    data = [
        {"id": "here", "status": {"value": "loaded"}},
        {"id": "comes", "status": {"value": "loading"}},
        {"id": "there", "status": {"value": "unloaded", "args": []}},
    ]
    answer = await ask(Recorded({LIST: {"data": data}}))
    assert answer.models == (
        Model("here"),
        Model("comes", ModelState.LOADING),
        Model("there", ModelState.UNAVAILABLE, reason="unloaded"),
    )


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (401, FailureKind.DENIED),
        (404, FailureKind.WRONG_API),
        (503, FailureKind.STARTING),
        ({"models": ["iris"]}, FailureKind.INVALID),
        ({"data": [{"id": None}]}, FailureKind.INVALID),
    ],
)
async def test_what_is_no_list_is_told(answer, kind):
    with pytest.raises(NoAnswerError) as error:
        await ask(Recorded({LIST: answer}))
    assert error.value.kind is kind
    assert str(error.value).startswith("GET http://127.0.0.1:8000/v1/models: ")
