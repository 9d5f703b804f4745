"""What all APIs have in common."""

from __future__ import annotations

from typing import Protocol

from straightway.holdings.answers import Answer
from straightway.holdings.apis.http import HttpClient
from straightway.holdings.pools import Api, Settings, Target


class Asker(Protocol):
    """Asks one runtime, again and again, and remembers between its answers what is costly to ask.

    One is made for each runtime.
    """

    @property
    def api(self) -> Api | None:
        """The API that it asks by; None while that is not known."""

    async def ask(self, http: HttpClient, target: Target, settings: Settings) -> Answer:
        """Return what the runtime says; called once at a time.

        Raises NoAnswerError: if it gives no usable answer, and nothing else.
        """
