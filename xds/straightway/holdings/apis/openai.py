"""Servers with OpenAI's API: vLLM, and others that list at ``/v1/models`` what they serve.

A LoRA adapter of vLLM has its base as ``parent``. vLLM's ``created`` and ``permission`` change at
every call. While it sleeps its list stays, and requests wait: only its metrics tell. They also hold
the start of the process, which tells one run from the next.
https://platform.openai.com/docs/api-reference/models/list
"""

from __future__ import annotations

from typing import Final

import msgspec

from straightway.holdings.answers import Answer, Model, ModelState
from straightway.holdings.apis.http import HttpClient
from straightway.holdings.apis.metrics import samples
from straightway.holdings.apis.replies import Reply
from straightway.holdings.pools import Api, Settings, Target

PATH: Final = "/v1/models"
_METRICS: Final = "/metrics"
_VLLM: Final = "vllm"

_SLEEP: Final = "vllm:engine_sleep_state"
_ASLEEP: Final = ('sleep_state="weights_offloaded"', 'sleep_state="discard_all"')
_STARTED: Final = "process_start_time_seconds"


class _Status(msgspec.Struct):
    """What llama.cpp's router says of a model that it may load."""

    value: str = ""


class _Card(msgspec.Struct):
    id: str
    parent: str | None = None
    owned_by: str | None = None
    status: _Status | None = None


class _List(msgspec.Struct):
    data: list[_Card]


_DECODER: Final = msgspec.json.Decoder(_List)


class OpenAI:
    """Asks a server with OpenAI's API."""

    api = Api.OPENAI

    async def ask(self, http: HttpClient, target: Target, settings: Settings) -> Answer:
        """Return what the runtime says. Raises NoAnswerError: if it gives no usable answer."""
        reply = await http.get(target, PATH, settings)
        cards = reply.decode(_DECODER).data
        models = reply.models(map(_model, cards))
        if not any(card.owned_by == _VLLM for card in cards):
            return Answer(models)
        metrics = await _metrics(http, target, settings)
        if _is_asleep(metrics):
            models = tuple(
                model._replace(state=ModelState.UNAVAILABLE, reason="asleep") for model in models
            )
        started = next(samples(metrics, _STARTED), None)
        return Answer(models, started.value if started is not None else "")


def is_list(reply: Reply) -> bool:
    """Whether a reply of ``/v1/models`` is of this API."""
    return reply.is_a(_DECODER)


def _model(card: _Card) -> Model:
    state, reason = ModelState.READY, ""
    if card.status is not None and card.status.value not in ("", "loaded"):
        is_loading = card.status.value == "loading"
        state = ModelState.LOADING if is_loading else ModelState.UNAVAILABLE
        reason = "" if is_loading else card.status.value
    return Model(card.id, state, reason=reason, base=card.parent or "")


def _is_asleep(metrics: bytes) -> bool:
    return any(
        sample.value in ("1", "1.0") and any(each in sample.labels for each in _ASLEEP)
        for sample in samples(metrics, _SLEEP)
    )


async def _metrics(http: HttpClient, target: Target, settings: Settings) -> bytes:
    """Return the metrics; nothing if there are none, as behind a proxy that hides them."""
    reply = await http.get(target, _METRICS, settings)
    return reply.body if reply.status == 200 else b""
