"""Triton: the index of its model repository, one entry for each version.

A model that was never loaded has no state. An unload returns before the model is gone
(``UNLOADING``). ``/v2/health/ready`` says nothing: it fails while any model loads, and for good
after one has failed.

A load by HTTP blocks one of Triton's threads (``--http-thread-count``, 8) until it is over, and so
every connection that this thread serves. So what gets no answer soon is asked again over another
connection.
"""

from __future__ import annotations

from typing import Final

from straightway.holdings.answers import Answer, FailureKind, ModelState, NoAnswerError
from straightway.holdings.apis import repository
from straightway.holdings.apis.http import HttpClient
from straightway.holdings.apis.replies import Reply
from straightway.holdings.pools import Api, Settings, Target

_MOST_KEPT: Final = 2**16
"""Up to so many bytes an index is kept, to see whether the next one is the same."""
_STATES: Final = {"READY": ModelState.READY, "LOADING": ModelState.LOADING}
_SOON: Final = 0.2
"""The share of the timeout within which an index that takes a millisecond should be there."""


class Triton:
    """Asks a Triton."""

    api = Api.TRITON

    def __init__(self) -> None:
        self._index = b""
        self._answer = Answer()

    async def ask(self, http: HttpClient, target: Target, settings: Settings) -> Answer:
        """Return what the runtime says. Raises NoAnswerError: if it gives no usable answer."""
        reply = await _index(http, target, settings)
        if reply.status == 200 and self._index and reply.body == self._index:
            return self._answer  # As nearly always: to compare costs nothing, to decode 50 µs.
        answer = Answer(repository.models_in(reply, _STATES))
        self._index = reply.body if len(reply.body) <= _MOST_KEPT else b""
        self._answer = answer
        return answer


async def _index(http: HttpClient, target: Target, settings: Settings) -> Reply:
    soon = settings.timeout * _SOON
    try:
        return await repository.ask_index(http, target, settings, seconds=soon)
    except NoAnswerError as error:
        if error.kind is not FailureKind.TIMEOUT:
            raise
    rest = settings.timeout - soon
    return await repository.ask_index(http, target, settings, seconds=rest)
