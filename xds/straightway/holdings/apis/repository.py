"""The model repository extension of the Open Inference Protocol: Triton's and MLServer's index.

https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_model_repository.md
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from straightway.holdings.answers import Model, ModelState
from straightway.holdings.apis.http import HttpClient
from straightway.holdings.apis.replies import Reply, printable
from straightway.holdings.pools import Settings, Target

PATH = "/v2/repository/index"


class Entry(msgspec.Struct):
    """A model in one version; without a state, if it was never loaded."""

    name: str
    version: str | None = None
    state: str | None = None
    reason: str | None = None


_DECODER = msgspec.json.Decoder(list[Entry])


async def ask_index(
    http: HttpClient, target: Target, settings: Settings, *, seconds: float | None = None
) -> Reply:
    """Ask for the index of all models, within some seconds. MLServer demands a body."""
    return await http.post(target, PATH, b"{}", settings, seconds=seconds)


def models_in(reply: Reply, states: Mapping[str, ModelState]) -> tuple[Model, ...]:
    """Return the models of an index; states that are not in the mapping are unavailable."""
    return reply.models(_model(entry, states) for entry in reply.decode(_DECODER))


def _model(entry: Entry, states: Mapping[str, ModelState]) -> Model:
    said = entry.state or ""
    state = states.get(said, ModelState.UNAVAILABLE)
    reason = ""
    if state is ModelState.UNAVAILABLE:
        # What follows is a traceback.
        reason = (entry.reason or "").strip().partition("\n")[0]
        reason = reason or (printable(said).lower() if said else "never loaded")
    return Model(entry.name, state, entry.version or "", reason)
