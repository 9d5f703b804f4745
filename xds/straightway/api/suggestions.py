"""What somebody may have meant by a field that does not exist."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from functools import cache
from typing import Any, get_args

from pydantic.fields import FieldInfo

from straightway.api.paths import Path


def suggestion(model: type, path: Path) -> str:
    """Return what ends the sentence that a field does not exist."""
    name = str(path[-1]) if path else ""
    owner = _model_at(model, path[:-1])
    fields = {_yaml_name(key, field): field for key, field in _fields(owner).items()}
    near = _nearest(name, list(fields))
    if near:
        return f": did you mean {near}?"
    places = _places(model)
    elsewhere = places.get(name) or places.get(_nearest(name, list(places)) or "")
    if elsewhere:
        return f": it belongs to {elsewhere}."
    return f"; the fields here are {', '.join(sorted(fields))}."


def _nearest(name: str, candidates: list[str]) -> str | None:
    """Return the most similar name; case and underscores count for nothing."""
    by_plain_name = {_plain(candidate): candidate for candidate in candidates}
    near = difflib.get_close_matches(_plain(name), list(by_plain_name), n=1, cutoff=0.75)
    return by_plain_name[near[0]] if near else None


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def _fields(model: type) -> dict[str, FieldInfo]:
    """Return the fields of a pydantic model or dataclass."""
    fields: dict[str, FieldInfo] = vars(model)["__pydantic_fields__"]
    return fields


def _yaml_name(name: str, field: FieldInfo) -> str:
    return field.alias or name


def _models_in(annotation: Any) -> Iterator[type]:
    """Yield the models in an annotation such as ``tuple[HttpRoute, ...] | None``."""
    if isinstance(annotation, type) and hasattr(annotation, "__pydantic_fields__"):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def _model_at(model: type, path: Path) -> type:
    """Return the model that a path leads to."""
    for step in path:
        for name, field in _fields(model).items():
            if _yaml_name(name, field) == step:
                model = next(_models_in(field.annotation), model)
    return model


@cache
def _places(model: type) -> dict[str, str]:
    """Return field → the first place that has it, nearest to the top."""
    places: dict[str, str] = {}
    level: list[tuple[str, type]] = [("", model)]
    seen: set[type] = set()
    while level:
        below: list[tuple[str, type]] = []
        for place, each in level:
            for name, field in _fields(each).items():
                yaml_name = _yaml_name(name, field)
                places.setdefault(yaml_name, place or "the top")
                marker = "[]" if "tuple[" in str(field.annotation) else ""
                for inner in _models_in(field.annotation):
                    if inner not in seen:
                        seen.add(inner)
                        dotted = f"{place}.{yaml_name}" if place else yaml_name
                        below.append((dotted + marker, inner))
        level = below
    return places
