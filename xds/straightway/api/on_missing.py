"""onMissing: what becomes of requests for something that no endpoint has."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from straightway.api.codes import Code
from straightway.api.faults import Fault
from straightway.api.model import CheckedModel, Model
from straightway.api.values import Host, Port


class AnswerForm(StrEnum):
    """The API in whose form an error is answered; in gRPC it is always a status."""

    OPENAI = "openai"
    OPEN_INFERENCE = "open-inference"
    KSERVE_V1 = "kserve-v1"


class LoaderPort(Model):
    """A port of a service."""

    number: Port
    """The number of the port."""


class Loader(Model):
    """A service that takes requests for what no endpoint has, for example to load it."""

    host: Host
    """The service: a short name in the namespace of the DestinationRule, or a full name."""
    port: LoaderPort | None = None
    """The service's port; without it the only one, or else the number that the pool was called at.
    """


class OnMissing(CheckedModel):
    """What becomes of a request with all keys of a selector if no endpoint has its values."""

    answer: AnswerForm | None = None
    """Envoy answers with 404 (in gRPC with NOT_FOUND) in the form of this API, and names what is
    missing: openai, open-inference or kserve-v1.
    """
    loader: Loader | None = None
    """The request goes to this service. All selectors must name the same."""

    def faults(self) -> Iterable[Fault]:
        """Yield what is wrong between the fields."""
        if self.answer is None and self.loader is None:
            message = "This says nothing: write answer or loader, or use fallbackPolicy alone."
            yield Fault(Code.MISSING_FIELD, message)
        if self.answer is not None and self.loader is not None:
            message = "A request is answered, or it goes to the loader: write one of the two."
            yield Fault(Code.CONFLICTING_FIELDS, message, ("loader",))
