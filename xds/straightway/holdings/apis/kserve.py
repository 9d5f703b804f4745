"""KServe's own model servers: the list of what is registered, ready or not.

So each model is asked whether it is ready. A model that is not (503) may be loading or have failed:
KServe does not tell which. While a load blocks the server, it answers nothing at all. A name with a
slash cannot be asked about, as no path leads to it; such a model, which clients name in the body,
counts as ready.
https://kserve.github.io/website/docs/reference/api
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from straightway.holdings.answers import Answer, Model, ModelState, NoAnswerError
from straightway.holdings.apis import readiness
from straightway.holdings.apis.confirming import Confirmations
from straightway.holdings.apis.http import HttpClient
from straightway.holdings.apis.replies import Reply
from straightway.holdings.pools import Api, Settings, Target

PATH: Final = "/v2/models"
_READINESS: Final[Mapping[int, ModelState]] = {
    200: ModelState.READY,
    404: ModelState.UNAVAILABLE,
    503: ModelState.LOADING,
}


class _List(msgspec.Struct):
    models: list[str]


_DECODER: Final = msgspec.json.Decoder(_List)


class KServe:
    """Asks a model server made with KServe's SDK."""

    api = Api.KSERVE

    def __init__(self) -> None:
        self._confirmations = Confirmations[ModelState](lambda state: state is ModelState.READY)

    async def ask(self, http: HttpClient, target: Target, settings: Settings) -> Answer:
        """Return what the runtime says. Raises NoAnswerError: if it gives no usable answer."""
        try:
            reply = await http.get(target, PATH, settings)
            models = reply.models(map(Model, reply.decode(_DECODER).models))
            paths = {
                model.name: readiness.path_of(model)
                for model in models
                if readiness.can_be_asked(model.name)
            }

            async def ask(path: str) -> ModelState:
                return await readiness.ask(http, target, path, settings, _READINESS)

            states = await self._confirmations.of(paths.values(), ask, settings)
        except NoAnswerError:
            self._confirmations.clear()
            raise
        return Answer(tuple(_judged(model, paths.get(model.name), states) for model in models))


def is_list(reply: Reply) -> bool:
    """Whether a reply is a list of this API."""
    return reply.is_a(_DECODER)


def _judged(model: Model, path: str | None, states: Mapping[str, ModelState]) -> Model:
    if path is None:
        return model
    # There may have been no time to ask about it yet.
    state = states.get(path, ModelState.LOADING)
    reason = "no longer registered" if state is ModelState.UNAVAILABLE else ""
    return model._replace(state=state, reason=reason)
