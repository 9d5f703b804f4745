"""Triton: the index of its model repository, one entry for each version.

A model that was never loaded has no state. An unload returns before the model is gone
(``UNLOADING``). ``/v2/health/ready`` says nothing: it fails while any model loads, and for good
after one has failed.
"""

from __future__ import annotations

from typing import Final

from straightway.holdings.answers import Answer, ModelState
from straightway.holdings.apis import repository
from straightway.holdings.apis.http import HttpClient
from straightway.holdings.pools import Api, Settings, Target

_STATES: Final = {"READY": ModelState.READY, "LOADING": ModelState.LOADING}


class Triton:
    """Asks a Triton."""

    api = Api.TRITON

    async def ask(self, http: HttpClient, target: Target, settings: Settings) -> Answer:
        """Return what the runtime says. Raises NoAnswerError: if it gives no usable answer."""
        reply = await repository.ask_index(http, target, settings)
        return Answer(repository.models_in(reply, _STATES))
