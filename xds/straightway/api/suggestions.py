"""Suggestions for a field that does not exist."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, get_args

from pydantic.fields import FieldInfo

from straightway.api.model import Untranslated
from straightway.api.paths import Path

# Comparing names takes time quadratic in their length, and no field name is longer.
_LONGEST_NAME = 64


def suggestion(model: type, path: Path) -> str:
    """Return the end of the message that a field does not exist."""
    name = str(path[-1]) if path else ""
    fields = list(_named_fields(_model_at(model, path[:-1])))
    near = nearest(name, fields)
    if near:
        return f": did you mean {near}?"
    places = places_of(model)
    elsewhere = places.get(name) or places.get(nearest(name, places) or "")
    if elsewhere:
        return f": it belongs in {elsewhere}."
    return f"; the fields here are {', '.join(sorted(fields))}."


def fields_at(model: type, path: Path) -> list[str]:
    """Return the names of the fields that exist at a path and are translated."""
    return [
        name
        for name, field in _named_fields(_model_at(model, path)).items()
        if not any(isinstance(each, Untranslated) for each in field.metadata)
    ]


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """Return the most similar name, ignoring case and underscores."""
    if len(name) > _LONGEST_NAME:
        return None
    by_plain_name = {_plain(candidate): candidate for candidate in candidates}
    near = difflib.get_close_matches(_plain(name), list(by_plain_name), n=1, cutoff=0.75)
    return by_plain_name[near[0]] if near else None


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


@cache
def fields_of(model: type) -> frozenset[str]:
    """Return the YAML names of a model's fields."""
    return frozenset(_named_fields(model))


@cache
def _named_fields(model: type | None) -> Mapping[str, FieldInfo]:
    """Return the fields of a pydantic model or dataclass by their YAML names."""
    fields: dict[str, FieldInfo] = vars(model).get("__pydantic_fields__", {}) if model else {}
    return MappingProxyType({field.alias or name: field for name, field in fields.items()})


def _models_in(annotation: Any) -> Iterator[type]:
    """Yield the models in an annotation such as ``tuple[HttpRoute, ...] | None``."""
    if isinstance(annotation, type) and hasattr(annotation, "__pydantic_fields__"):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def _model_at(model: type, path: Path) -> type | None:
    """Return the model at a path, or None if the value there has no fields."""
    here: type | None = model
    for step in path:
        field = _named_fields(here).get(step) if isinstance(step, str) else None
        if field is not None:
            here = next(_models_in(field.annotation), None)
    return here


@cache
def places_of(model: type) -> dict[str, str]:
    """Return field → the first place that has it, closest to the top."""
    places: dict[str, str] = {}
    level: list[tuple[str, type]] = [("", model)]
    seen: set[type] = set()
    while level:
        below: list[tuple[str, type]] = []
        for place, each in level:
            for name, field in _named_fields(each).items():
                places.setdefault(name, place or "the top")
                marker = "[]" if "tuple[" in str(field.annotation) else ""
                for inner in _models_in(field.annotation):
                    if inner not in seen:
                        seen.add(inner)
                        dotted = f"{place}.{name}" if place else name
                        below.append((dotted + marker, inner))
        level = below
    return places
