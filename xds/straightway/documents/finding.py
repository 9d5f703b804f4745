"""What a check finds wrong with an object, before its place in the documents is known."""

from __future__ import annotations

from dataclasses import dataclass

from straightway.documents.problem import ProblemCode
from straightway.documents.reference import Reference


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong at a path of an object, in raw YAML keys and indices."""

    subject: Reference
    path: tuple[str | int, ...]
    code: ProblemCode
    message: str
