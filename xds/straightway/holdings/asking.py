"""Asking: what asks one runtime, by the API that its pool says, over the connections of all."""

from __future__ import annotations

from straightway.documents import Reference
from straightway.holdings.answers import Answer
from straightway.holdings.apis import ASKERS, HttpClient
from straightway.holdings.poller import Makes
from straightway.holdings.pools import Api, Settings, Target
from straightway.holdings.runtime import Asks


class _Asking:
    """Asks one runtime."""

    __slots__ = ("_asker", "_http")

    def __init__(self, http: HttpClient, api: Api) -> None:
        self._http = http
        self._asker = ASKERS[api]()

    @property
    def api(self) -> Api | None:
        """The API that it has; None until that is found."""
        return self._asker.api

    async def ask(self, target: Target, settings: Settings) -> Answer:
        """Return what it says. Raises NoAnswerError."""
        return await self._asker.ask(self._http, target, settings)


def asks_with(http: HttpClient) -> Makes:
    """Return what makes something that asks a runtime by HTTP."""

    def make(_: Reference, settings: Settings) -> Asks:
        return _Asking(http, settings.api)

    return make
