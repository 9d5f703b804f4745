"""Asking: what asks each runtime, by its API, over connections that all runtimes share."""

from __future__ import annotations

from straightway.documents import Reference
from straightway.holdings.answers import Answer
from straightway.holdings.apis import ASKERS, Asker, HttpClient
from straightway.holdings.poller import Makes
from straightway.holdings.pools import Api, Settings, Target
from straightway.holdings.runtime import Asks


class _Asking:
    """Asks one runtime."""

    def __init__(self, http: HttpClient, asker: Asker) -> None:
        self._http = http
        self._asker = asker

    @property
    def api(self) -> Api | None:
        return self._asker.api

    async def ask(self, target: Target, settings: Settings) -> Answer:
        return await self._asker.ask(self._http, target, settings)


def asks_with(http: HttpClient) -> Makes:
    """Return what makes that which asks a runtime of a pool."""

    def makes(_pool: Reference, settings: Settings) -> Asks:
        return _Asking(http, ASKERS[settings.api]())

    return makes
