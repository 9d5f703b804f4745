"""TorchServe's management API: recorded answers of TorchServe 0.12."""

from __future__ import annotations

import pytest

from straightway.holdings.answers import FailureKind, Model, ModelState, NoAnswerError
from straightway.holdings.apis import ASKERS
from straightway.holdings.pools import Api
from tests.support.asking import SETTINGS, target
from tests.support.recorded import Recorded

READY, LOADING, UNAVAILABLE = ModelState.READY, ModelState.LOADING, ModelState.UNAVAILABLE
LIST = "GET /models?limit=1000"


def listed(*names: str, token: str | None = None) -> dict[str, object]:
    """A page of the list."""
    page: dict[str, object] = {
        "models": [{"modelName": name, "modelUrl": f"{name}.mar"} for name in names]
    }
    return page if token is None else {"nextPageToken": token, **page}


def described(name: str, version: str, *workers: str) -> dict[str, object]:
    """A model in one version, with workers in these states."""
    return {
        "modelName": name,
        "modelVersion": version,
        "modelUrl": f"{name}.mar",
        "runtime": "python",
        "minWorkers": len(workers),
        "maxWorkers": len(workers),
        "batchSize": 1,
        "loadedAtStartup": False,
        "workers": [
            {
                "id": str(9000 + number),
                "startTime": "2026-11-27T10:05:35.010Z",
                "status": status,
                "memoryUsage": 0,
                "pid": -1,
                "gpu": False,
                "gpuUsage": "N/A",
            }
            for number, status in enumerate(workers)
        ],
        "jobQueueStatus": {"remainingCapacity": 100, "pendingRequests": 0},
    }


async def ask(http: Recorded):
    return (await ASKERS[Api.TORCHSERVE]().ask(http, target(8081), SETTINGS)).models


async def test_a_model_serves_if_one_of_its_workers_is_ready():
    http = Recorded(
        {
            LIST: listed("iris", "comes", "idle"),
            "GET /models/iris/all": [described("iris", "1.0", "UNLOADING", "READY")],
            "GET /models/comes/all": [described("comes", "1.0", "UNLOADING")],
            "GET /models/idle/all": [described("idle", "1.0")],
        }
    )
    assert await ask(http) == (
        Model("iris", READY, "1.0"),
        Model("comes", LOADING, "1.0"),
        Model("idle", UNAVAILABLE, "1.0", "scaled to no worker"),
    )


async def test_each_version_has_a_state():
    versions = [described("iris", "1.0"), described("iris", "2.0", "READY")]
    models = await ask(Recorded({LIST: listed("iris"), "GET /models/iris/all": versions}))
    assert [(model.version, model.state) for model in models] == [
        ("1.0", UNAVAILABLE),
        ("2.0", READY),
    ]


async def test_all_pages_are_read():
    http = Recorded(
        {
            LIST: listed("a", "b", token="2"),
            f"{LIST}&next_page_token=2": listed("c", token="3 &x"),
            f"{LIST}&next_page_token=3%20%26x": listed("d"),
            **{f"GET /models/{name}/all": [described(name, "1", "READY")] for name in "abcd"},
        }
    )
    assert [model.name for model in await ask(http)] == ["a", "b", "c", "d"]


async def test_pages_that_never_end_are_refused():
    http = Recorded(
        {LIST: listed("a", token="2"), f"{LIST}&next_page_token=2": listed("a", token="2")}
    )
    with pytest.raises(NoAnswerError, match="lists nothing new") as error:
        await ask(http)
    assert error.value.kind is FailureKind.INVALID
    assert sum(http.asked.values()) == 2


async def test_a_model_that_goes_between_two_calls_is_not_held():
    models = await ask(Recorded({LIST: listed("gone")}))
    assert models == (Model("gone", UNAVAILABLE, reason="no longer registered"),)


async def test_a_name_that_no_path_can_have_is_told():
    http = Recorded({LIST: listed("org/model")})
    (model,) = await ask(http)
    assert (model.state, model.reason) == (
        UNAVAILABLE,
        "TorchServe answers nothing about a name with a slash",
    )
    assert set(http.asked) == {LIST}
