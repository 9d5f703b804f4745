"""Answers: what a runtime says about its models, whatever its API."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class ModelState(StrEnum):
    """Whether a model can serve. Only READY ones get requests."""

    READY = "ready"
    LOADING = "loading"
    UNAVAILABLE = "unavailable"
    """Known to the runtime, and not served: never loaded, unloaded, asleep, or failed."""


class Model(NamedTuple):
    """A model in one version, as a runtime lists it.

    ``version`` is empty if the API has none. ``reason`` says why it is unavailable, in the
    runtime's words. ``base`` is the model that an adapter belongs to, empty for any other.
    """

    name: str
    state: ModelState = ModelState.READY
    version: str = ""
    reason: str = ""
    base: str = ""


class Answer(NamedTuple):
    """All models of a runtime, in no particular order.

    ``identity`` is what tells this runtime from another one at the same address, and one run of it
    from the next where the API shows that; empty if nothing does.
    """

    models: tuple[Model, ...] = ()
    identity: str = ""


class FailureKind(StrEnum):
    """Why there is no answer."""

    REFUSED = "refused"
    """Nobody listens: the runtime restarts, or is gone."""
    TIMEOUT = "timeout"
    BROKEN = "broken"
    """The connection broke, or its TLS is wrong."""
    STARTING = "starting"
    """The runtime says that it is not ready to answer."""
    DENIED = "denied"
    """It wants other credentials (401, 403)."""
    WRONG_API = "wrong-api"
    """It answers, but has no such API."""
    INVALID = "invalid"
    """The answer is no valid one, or exceeds a limit."""


class NoAnswerError(Exception):
    """A runtime gave no usable answer; the text says why, for people."""

    def __init__(self, kind: FailureKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind
