"""Answers of a proxy itself to requests for something that no endpoint has."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class AnswerForm(StrEnum):
    """The API in whose form a proxy answers that something does not exist."""

    OPENAI = "openai"
    OPEN_INFERENCE = "open-inference"
    KSERVE_V1 = "kserve-v1"


@dataclass(frozen=True, slots=True)
class Missing:
    """How a proxy answers a request for something that no endpoint has; ``key`` says what."""

    key: str
    form: AnswerForm
