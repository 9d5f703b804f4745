"""Conditions, and when they last changed.

Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/ (Condition), and
``istio.meta.v1alpha1.IstioCondition``, which has the same fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Raw = Mapping[str, Any]
"""A condition as an object has it."""


class Verdict(StrEnum):
    """The status of a condition."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Condition:
    """What is to be said; when it became so depends on what was said before.

    ``reason`` is one CamelCase word, ``generation`` that of the object to which it refers.
    """

    type: str
    verdict: Verdict
    reason: str
    message: str
    generation: int


def by_type(conditions: object) -> dict[str, Raw]:
    """Return the conditions of an object's status by their types; what is malformed is left out."""
    if not isinstance(conditions, Iterable):
        return {}
    return {
        each["type"]: each
        for each in conditions
        if isinstance(each, Mapping) and isinstance(each.get("type"), str)
    }


def says(raw: Raw | None, condition: Condition) -> bool:
    """Whether an object already has a condition; since when does not matter."""
    return (
        raw is not None
        and raw.get("status") == condition.verdict
        and raw.get("reason") == condition.reason
        and raw.get("message", "") == condition.message
        and str(raw.get("observedGeneration")) == str(condition.generation)
    )


def is_true(raw: Raw | None, generation: int | None) -> bool:
    """Whether a condition that an object has is true of this generation."""
    return (
        raw is not None
        and raw.get("status") == Verdict.TRUE
        and str(raw.get("observedGeneration")) == str(generation)
    )


def dated(condition: Condition, before: Raw | None, now: str, *, as_text: bool) -> dict[str, Any]:
    """Return a condition to write.

    ``lastTransitionTime`` stays what it was if the status does: that is when it became so.
    ``as_text``: the generation is written as text, as Istio does, and as its schema requires.
    """
    since = before.get("lastTransitionTime") if before is not None else None
    if before is None or before.get("status") != condition.verdict or not since:
        since = now
    generation = condition.generation
    return {
        "type": condition.type,
        "status": str(condition.verdict),
        "reason": condition.reason,
        "message": condition.message,
        "lastTransitionTime": since,
        "observedGeneration": str(generation) if as_text else generation,
    }
