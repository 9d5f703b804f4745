"""Replies of runtimes: read with bounds, because a runtime may answer anything.

Whatever a reply holds costs memory that its length in bytes bounds, and a time that the number of
its JSON objects and values bounds. What is told of it is short and printable.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, TypeVar

import msgspec

from straightway.holdings.answers import FailureKind, Model, NoAnswerError

T = TypeVar("T")

MOST_MODELS: Final = 20_000
"""The most models, each version counted, that a runtime may list."""
LONGEST_NAME: Final = 512
"""The longest name of a model, in characters; paths are names, too."""
_LONGEST_REASON: Final = 200

_MOST_OBJECTS: Final = 3 * MOST_MODELS
_MOST_VALUES: Final = 30 * MOST_MODELS
"""Honest servers use up to two objects and twenty values for a model (vLLM)."""

_STARTING: Final = frozenset({429, 502, 503, 504})
_REFUSED: Final = {
    401: "it wants other credentials",
    403: "it wants other credentials",
    429: "it has too many requests",
    502: "a proxy before it cannot reach it",
    503: "it is not ready",
    504: "a proxy before it waited in vain",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """What came for a request.

    ``asked`` is the request as people read it: ``GET http://10.0.0.1:8000/v1/models``. ``location``
    is where a redirect points to.
    """

    asked: str
    status: int
    body: bytes = b""
    location: str = ""

    def failure(self, kind: FailureKind, why: str) -> NoAnswerError:
        """Return the error that says why this reply is of no use."""
        return NoAnswerError(kind, f"{self.asked}: {why}")

    def expect(self, status: int = 200) -> Reply:
        """Return this reply if it has a status. Raises NoAnswerError: if it has another."""
        if self.status == status:
            return self
        raise self.failure(_kind_of(self.status), self._refusal())

    def decode(self, decoder: msgspec.json.Decoder[T]) -> T:
        """Return what a successful reply holds.

        Raises NoAnswerError: if it failed, if it is not such JSON, or if it holds too much.
        """
        body = self.expect().body
        if body.count(b"{") > _MOST_OBJECTS or body.count(b",") > _MOST_VALUES:
            raise self.failure(
                FailureKind.INVALID, f"the answer lists more than {MOST_MODELS:,} models"
            )
        try:
            return decoder.decode(body)
        except RecursionError:
            raise self.failure(FailureKind.INVALID, "the answer is nested too deeply") from None
        except ValueError as error:
            why = f"the answer is not what this API has: {printable(str(error))}"
            if body[:1] not in b"{[":
                why += f" (it begins with {printable(repr(body[:40]))})"
            raise self.failure(FailureKind.INVALID, why) from None

    def is_a(self, decoder: msgspec.json.Decoder[T]) -> bool:
        """Whether this is a successful reply of such a form."""
        try:
            self.decode(decoder)
        except NoAnswerError:
            return False
        return True

    def models(self, found: Iterable[Model]) -> tuple[Model, ...]:
        """Return models as this reply lists them. Raises NoAnswerError: as :func:`checked`."""
        return checked(found, self.asked)

    def _refusal(self) -> str:
        if 300 <= self.status < 400:
            return (
                f"it answered {self.status} and points to {self.location or 'nothing'}: redirects "
                "are not followed"
            )
        try:
            phrase = f"{self.status} {HTTPStatus(self.status).phrase}"
        except ValueError:
            phrase = str(self.status)
        why = _REFUSED.get(self.status, "")
        if not why and 400 <= self.status < 500:
            why = "it has no such API there"
        said = printable(self.body[:_LONGEST_REASON].decode(errors="replace"))
        return f"it answered {phrase}" + (f", {why}" if why else "") + (f": {said}" if said else "")


def checked(found: Iterable[Model], asked: str) -> tuple[Model, ...]:
    """Return models as something that was asked lists them, each version once.

    A name that is too long or no text is left out later, where that is counted
    (:mod:`straightway.holdings.names`): it must not cost the runtime its other models. Here it is
    only cut, so that it costs no memory. Raises NoAnswerError: if there are too many.
    """
    models: dict[tuple[str, str], Model] = {}
    for model in found:
        kept = _cut(model)
        models.setdefault((kept.name, kept.version), kept)
    if len(models) > MOST_MODELS:
        why = f"it lists {len(models):,} models, and at most {MOST_MODELS:,} are read"
        raise NoAnswerError(FailureKind.INVALID, f"{asked}: {why}")
    return tuple(models.values())


def _cut(model: Model) -> Model:
    """Return a model with texts that are at most one character too long."""
    if model.reason:
        model = model._replace(reason=printable(model.reason))
    if max(len(model.name), len(model.version), len(model.base)) <= LONGEST_NAME:
        return model
    most = LONGEST_NAME + 1
    return model._replace(
        name=model.name[:most], version=model.version[:most], base=model.base[:most]
    )


def printable(text: str) -> str:
    """Return a text of someone else's on one line, at most 200 characters, all printable."""
    text = text[: 2 * _LONGEST_REASON]
    if not text.isprintable():
        text = "".join(each if each.isprintable() else " " for each in text)
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_REASON else text[: _LONGEST_REASON - 1] + "…"


def _kind_of(status: int) -> FailureKind:
    if status in (401, 403):
        return FailureKind.DENIED
    if status in _STARTING:
        return FailureKind.STARTING
    return FailureKind.WRONG_API if 300 <= status < 500 else FailureKind.INVALID
