"""Which API a runtime has: found with few requests, by what only one of them answers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from straightway.holdings.answers import FailureKind, NoAnswerError
from straightway.holdings.apis import ASKERS
from straightway.holdings.apis.auto import Auto, find
from straightway.holdings.pools import Api
from tests.support.asking import SETTINGS, target
from tests.support.recorded import Recorded

SERVER, INDEX, OPENAI = "GET /v2", "POST /v2/repository/index", "GET /v1/models"
KSERVE, TORCHSERVE = "GET /v2/models", "GET /models"
TRITON = {"name": "triton", "version": "2.51.0", "extensions": ["statistics", "model_repository"]}
MLSERVER = {"name": "mlserver", "version": "1.7.1", "extensions": []}
LIST = {"object": "list", "data": [{"id": "base"}]}


@pytest.mark.parametrize(
    ("answers", "api", "requests"),
    [
        ({SERVER: TRITON}, Api.TRITON, 1),
        ({SERVER: {**TRITON, "name": "our-server"}}, Api.TRITON, 1),
        ({SERVER: MLSERVER, INDEX: []}, Api.MLSERVER, 1),
        ({SERVER: {**MLSERVER, "name": "our-server"}, INDEX: []}, Api.MLSERVER, 2),
        ({SERVER: {**MLSERVER, "name": "triton"}, INDEX: []}, Api.MLSERVER, 2),
        ({SERVER: {"name": "kserve", "extensions": ["model_repository_extension"]}}, Api.KSERVE, 1),
        ({OPENAI: LIST}, Api.OPENAI, 2),
        ({OPENAI: {"object": "list", "data": []}}, Api.OPENAI, 2),
        ({OPENAI: {"models": ["iris"]}, KSERVE: {"models": ["iris"]}}, Api.KSERVE, 3),
        ({TORCHSERVE: {"models": [{"modelName": "iris", "modelUrl": "u"}]}}, Api.TORCHSERVE, 4),
        # A page for people at every path.
        ({SERVER: b"<html>", OPENAI: LIST}, Api.OPENAI, 2),
    ],
)
async def test_each_is_known_by_what_it_answers(answers, api, requests):
    http = Recorded(answers)
    assert await find(http, target(8000), SETTINGS) is api
    assert sum(http.asked.values()) == requests


async def test_with_etcd_it_is_model_mesh():
    settings = replace(SETTINGS, etcd="http://etcd:2379/root/mm/service")
    assert await find(Recorded(), target(8033), settings) is Api.MODELMESH


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ({}, FailureKind.WRONG_API),
        ({SERVER: 401}, FailureKind.DENIED),
        ({OPENAI: 401}, FailureKind.DENIED),
        ({SERVER: 503}, FailureKind.STARTING),
        ({SERVER: FailureKind.REFUSED}, FailureKind.REFUSED),
        ({OPENAI: FailureKind.TIMEOUT}, FailureKind.TIMEOUT),
    ],
)
async def test_what_tells_nothing_is_no_other_api(answers, kind):
    with pytest.raises(NoAnswerError) as error:
        await find(Recorded(answers), target(8000), SETTINGS)
    assert error.value.kind is kind


async def test_what_is_found_is_kept_until_it_is_gone():
    http = Recorded({SERVER: TRITON, INDEX: []})
    asker = Auto(ASKERS)
    for _ in range(3):
        await asker.ask(http, target(8000), SETTINGS)
    assert (asker.api, http.asked[SERVER], http.asked[INDEX]) == (Api.TRITON, 1, 3)

    http.answers = {OPENAI: LIST}
    with pytest.raises(NoAnswerError):
        await asker.ask(http, target(8000), SETTINGS)
    await asker.ask(http, target(8000), SETTINGS)
    assert asker.api is Api.OPENAI


async def test_a_restart_changes_nothing_about_the_api():
    http = Recorded({SERVER: TRITON, INDEX: []})
    asker = Auto(ASKERS)
    await asker.ask(http, target(8000), SETTINGS)
    http.answers[INDEX] = FailureKind.REFUSED
    with pytest.raises(NoAnswerError):
        await asker.ask(http, target(8000), SETTINGS)
    assert asker.api is Api.TRITON
