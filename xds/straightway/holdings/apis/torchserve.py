"""TorchServe's management API: a list of names in pages, and each model's workers.

A model serves if one of its workers is ready. A worker that is ``UNLOADING`` may load or be dead:
TorchServe says the same of both. A model without workers is scaled to zero.
https://github.com/pytorch/serve/blob/master/docs/management_api.md
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

import msgspec

from straightway.holdings.answers import Answer, FailureKind, Model, ModelState, NoAnswerError
from straightway.holdings.apis import readiness
from straightway.holdings.apis.confirming import Confirmations
from straightway.holdings.apis.http import HttpClient
from straightway.holdings.apis.replies import MOST_MODELS, Reply
from straightway.holdings.pools import Api, Settings, Target

PATH: Final = "/models"
_A_PAGE: Final = 1000
"""How many models are asked for at once; TorchServe's default is 100."""


class _Listed(msgspec.Struct, rename="camel"):
    model_name: str


class _Page(msgspec.Struct, rename="camel"):
    models: list[_Listed]
    next_page_token: str | None = None


class _Worker(msgspec.Struct):
    status: str = ""


class _Described(msgspec.Struct, rename="camel"):
    model_version: str = ""
    workers: list[_Worker] = []


_PAGES: Final = msgspec.json.Decoder(_Page)
_DESCRIPTIONS: Final = msgspec.json.Decoder(list[_Described])


class TorchServe:
    """Asks a TorchServe, at its management port."""

    api = Api.TORCHSERVE

    def __init__(self) -> None:
        self._confirmations = Confirmations[tuple[Model, ...]](_is_ready)

    async def ask(self, http: HttpClient, target: Target, settings: Settings) -> Answer:
        """Return what the runtime says. Raises NoAnswerError: if it gives no usable answer."""
        try:
            names = await _names(http, target, settings)

            async def ask(name: str) -> tuple[Model, ...]:
                return await _describe(http, target, name, settings)

            found = await self._confirmations.of(names, ask, settings)
        except NoAnswerError:
            self._confirmations.clear()
            raise
        not_asked = tuple(Model(name, ModelState.LOADING) for name in names if name not in found)
        return Answer((*(model for models in found.values() for model in models), *not_asked))


def is_list(reply: Reply) -> bool:
    """Whether a reply is a list of this API."""
    return reply.is_a(_PAGES)


async def _names(http: HttpClient, target: Target, settings: Settings) -> tuple[str, ...]:
    """Return the names of all pages."""
    names: dict[str, None] = {}
    token = ""
    for _ in range(MOST_MODELS // _A_PAGE):
        query = f"?limit={_A_PAGE}" + (f"&next_page_token={quote(token, safe='')}" if token else "")
        reply = await http.get(target, PATH + query, settings)
        page = reply.decode(_PAGES)
        before = len(names)
        models = reply.models(Model(each.model_name) for each in page.models)
        names.update((model.name, None) for model in models)
        token = page.next_page_token or ""
        if not token:
            return tuple(names)
        if len(names) == before:
            raise reply.failure(
                FailureKind.INVALID, "a page lists nothing new, and is not the last"
            )
    raise reply.failure(FailureKind.INVALID, f"it lists more than {MOST_MODELS:,} models")


async def _describe(
    http: HttpClient, target: Target, name: str, settings: Settings
) -> tuple[Model, ...]:
    """Return a model in all its versions."""
    if not readiness.can_be_asked(name):
        reason = "TorchServe answers nothing about a name with a slash"
        return (Model(name, ModelState.UNAVAILABLE, reason=reason),)
    reply = await http.get(target, f"{PATH}/{quote(name, safe='')}/all", settings)
    if reply.status == 404:
        return (Model(name, ModelState.UNAVAILABLE, reason="no longer registered"),)
    return reply.models(_model(name, each) for each in reply.decode(_DESCRIPTIONS))


def _model(name: str, described: _Described) -> Model:
    version = described.model_version
    if not described.workers:
        return Model(name, ModelState.UNAVAILABLE, version, "scaled to no worker")
    is_ready = any(worker.status == "READY" for worker in described.workers)
    return Model(name, ModelState.READY if is_ready else ModelState.LOADING, version)


def _is_ready(models: tuple[Model, ...]) -> bool:
    return any(model.state is ModelState.READY for model in models)
