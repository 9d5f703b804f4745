"""Whether one model is ready: ``/v2/models/NAME/ready`` of the Open Inference Protocol.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from straightway.holdings.answers import Model, ModelState
from straightway.holdings.apis.http import HttpClient
from straightway.holdings.pools import Settings, Target


def path_of(model: Model) -> str:
    """Return the path at which a model says whether it is ready."""
    name, version = quote(model.name, safe=""), quote(model.version, safe="")
    return f"/v2/models/{name}" + (f"/versions/{version}" if version else "") + "/ready"


def can_be_asked(name: str) -> bool:
    """Whether servers find a model of this name by a path: they decode ``%2F`` too early."""
    return "/" not in name and name not in (".", "..")


async def ask(
    http: HttpClient,
    target: Target,
    path: str,
    settings: Settings,
    states: Mapping[int, ModelState],
) -> ModelState:
    """Ask at a path, and return what the answer's status means for the model.

    Raises NoAnswerError: without an answer, or if its status means nothing here.
    """
    reply = await http.get(target, path, settings)
    state = states.get(reply.status)
    if state is None:
        reply.expect(200)
    return state or ModelState.READY
