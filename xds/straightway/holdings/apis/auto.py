"""Finds which API a runtime has, with one to three requests.

``GET /v2`` names the server of the Open Inference Protocol, unless its operator has named it; then
its extensions tell. The list of models tells the others apart: each has a form of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from straightway.holdings.answers import Answer, FailureKind, NoAnswerError
from straightway.holdings.apis import kserve, openai, repository, torchserve
from straightway.holdings.apis.asker import Asker
from straightway.holdings.apis.http import HttpClient
from straightway.holdings.apis.replies import Reply
from straightway.holdings.pools import Api, Settings, Target

_SERVER: Final = "/v2"
_LISTS: Final = (
    (Api.OPENAI, openai.PATH, openai.is_list),
    (Api.KSERVE, kserve.PATH, kserve.is_list),
    (Api.TORCHSERVE, torchserve.PATH, torchserve.is_list),
)


class _Server(msgspec.Struct):
    """https://github.com/kserve/open-inference-protocol: server metadata."""

    name: str
    extensions: list[str] = []


_DECODER: Final = msgspec.json.Decoder(_Server)


class Auto:
    """Asks a runtime whose API is found with the first answer, and again if it is gone."""

    def __init__(self, askers: Mapping[Api, Callable[[], Asker]]) -> None:
        self._askers = askers
        self._asker: Asker | None = None

    @property
    def api(self) -> Api | None:
        """The API that was found; None until then."""
        return self._asker.api if self._asker is not None else None

    async def ask(self, http: HttpClient, target: Target, settings: Settings) -> Answer:
        """Return what the runtime says. Raises NoAnswerError: if it gives no usable answer."""
        if self._asker is None:
            self._asker = self._askers[await find(http, target, settings)]()
        try:
            return await self._asker.ask(http, target, settings)
        except NoAnswerError as error:
            if error.kind is FailureKind.WRONG_API:
                self._asker = None
            raise


async def find(http: HttpClient, target: Target, settings: Settings) -> Api:
    """Return the API of a runtime.

    Raises NoAnswerError: if it has none of those that can be found, or does not answer.
    """
    if settings.etcd:
        return Api.MODELMESH
    reply = await http.get(target, _SERVER, settings)
    api = await _of_server(http, target, settings, reply)
    if api is not None:
        return api
    tried = [f"{_SERVER} answered {reply.status}"]
    for api, path, is_list in _LISTS:
        listed = await http.get(target, path, settings)
        if is_list(listed):
            return api
        _check(listed)
        tried.append(f"{path} {listed.status}")
    why = f"{', '.join(tried)}: none of the known APIs is there. Is the port right? If so, name api"
    raise NoAnswerError(FailureKind.WRONG_API, f"{target.address}:{target.port}: {why}")


async def _of_server(
    http: HttpClient, target: Target, settings: Settings, reply: Reply
) -> Api | None:
    """Return the API of a server of the Open Inference Protocol; None if it is none."""
    _check(reply)
    try:
        server = reply.decode(_DECODER)
    except NoAnswerError:
        return None
    # Operators may call a server what they like, so its own name is not the first thing to count.
    if "model_repository" in server.extensions:
        return Api.TRITON
    if "model_repository_extension" in server.extensions or server.name == "kserve":
        return Api.KSERVE
    if server.name == "mlserver":
        return Api.MLSERVER
    index = await repository.ask_index(http, target, settings)
    return Api.MLSERVER if index.status == 200 else None


def _check(reply: Reply) -> None:
    """Raise NoAnswerError for a reply that says nothing about the API."""
    if reply.status in (401, 403, 429) or reply.status >= 500:
        reply.expect()
