"""Asks a runtime as the poller does, again and again, from a test without an event loop."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import TracebackType
from typing import Self

from straightway.documents import Reference
from straightway.holdings.answers import Answer, FailureKind, Model, ModelState, NoAnswerError
from straightway.holdings.apis import ASKERS, HttpClient
from straightway.holdings.pools import Api, Settings, Target

SETTINGS = Settings(key="model", api=Api.AUTO, interval=1.0, timeout=5.0)


def target(port: int, *, address: str = "127.0.0.1", pod: str = "") -> Target:
    """A runtime at a port."""
    return Target(Reference("", "Pod", "models", pod or f"at-{port}"), address, port, pod)


class Asking:
    """One asker, one client and one event loop, used while it is a context."""

    def __init__(self, api: Api, port: int, *, pod: str = "", **settings: object) -> None:
        self.target = target(port, pod=pod)
        self.settings = replace(SETTINGS, api=api, **settings)  # type: ignore[arg-type]
        self.asker = ASKERS[api]()
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        self._http = self._runner.run(_client())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._runner.run(self._http.close())
        self._runner.close()

    def ask(self) -> Answer:
        """The answer now."""
        return self._runner.run(self.asker.ask(self._http, self.target, self.settings))

    def fails(self) -> FailureKind | None:
        """Why there is no answer; None if there is one."""
        try:
            self.ask()
        except NoAnswerError as error:
            return error.kind
        return None

    def models(self) -> dict[str, Model]:
        """The models by name and version: `iris`, `iris/2`."""
        return {f"{model.name}/{model.version}".rstrip("/"): model for model in self.ask().models}

    def states(self) -> dict[str, ModelState]:
        """The states of the models by name and version."""
        return {name: model.state for name, model in self.models().items()}


async def _client() -> HttpClient:
    return HttpClient()
