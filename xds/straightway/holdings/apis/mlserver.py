"""MLServer: the index of its model repository, which it makes by walking its folder.

That costs 2 ms a model, at which nothing else is answered. So the index is asked for a small share
of the time only, and between two of them the models that it lists as ready or loading are asked one
by one. While a model loads its state is ``UNKNOWN``; the state ``UNAVAILABLE`` is that of a model
which was never loaded, unloaded, or has failed, without a reason.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from straightway.holdings.answers import Answer, Model, ModelState, NoAnswerError
from straightway.holdings.apis import readiness, repository
from straightway.holdings.apis.confirming import SHARE, Confirmations
from straightway.holdings.apis.http import HttpClient
from straightway.holdings.pools import Api, Settings, Target

_STATES: Final = {"READY": ModelState.READY, "UNKNOWN": ModelState.LOADING}
_LONGEST_PAUSE: Final = 30.0
"""The longest time between two indexes, in seconds: until then a loaded model is not noticed."""


class MLServer:
    """Asks an MLServer."""

    api = Api.MLSERVER

    def __init__(self) -> None:
        self._index: dict[str, Model] = {}
        """The models by the paths at which they say whether they are ready."""
        self._due = 0.0
        self._confirmations = Confirmations[ModelState](lambda state: state is ModelState.READY)

    async def ask(self, http: HttpClient, target: Target, settings: Settings) -> Answer:
        """Return what the runtime says. Raises NoAnswerError: if it gives no usable answer."""
        try:
            if asyncio.get_running_loop().time() >= self._due:
                await self._ask_index(http, target, settings)
            else:
                await self._confirm(http, target, settings)
        except NoAnswerError:
            self._due = 0.0
            raise
        return Answer(tuple(self._index.values()))

    async def _ask_index(self, http: HttpClient, target: Target, settings: Settings) -> None:
        time = asyncio.get_running_loop().time
        started = time()
        reply = await repository.ask_index(http, target, settings)
        took = time() - started
        models = repository.models_in(reply, _STATES)
        self._index = {readiness.path_of(model): model for model in models}
        self._due = time() + min(took / SHARE, _LONGEST_PAUSE)

    async def _confirm(self, http: HttpClient, target: Target, settings: Settings) -> None:
        async def ask(path: str) -> ModelState:
            return await readiness.ask(http, target, path, settings, _READINESS)

        asked = [path for path, model in self._index.items() if _is_in_question(model)]
        for path, state in (await self._confirmations.of(asked, ask, settings)).items():
            model = self._index[path]
            if state is not model.state:
                reason = "unloaded" if state is ModelState.UNAVAILABLE else ""
                self._index[path] = model._replace(state=state, reason=reason)
                # Where one has changed others may have, of which only the index tells.
                self._due = 0.0


_READINESS: Final[Mapping[int, ModelState]] = {
    200: ModelState.READY,
    400: ModelState.LOADING,
    404: ModelState.UNAVAILABLE,
}


def _is_in_question(model: Model) -> bool:
    is_held = model.state in (ModelState.READY, ModelState.LOADING)
    return is_held and readiness.can_be_asked(model.name)
