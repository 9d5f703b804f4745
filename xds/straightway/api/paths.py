"""Paths in an object, as the tuple of its YAML keys and list indices."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from straightway.api.texts import LONGEST, shown

Path = tuple[str | int, ...]

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def path_text(path: Path) -> str:
    """Return a path as people write it: ``spec.http[0].match``, ``labels["a.b/c"]``.

    Names are shortened and escaped as in messages.
    """
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif len(part) <= LONGEST and _PLAIN.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f'["{shown(part)}"]'
    return text


def path_in(body: object, location: Path) -> Path:
    """Return the part of a validator's location that is a path in the body.

    Validators add their own steps, such as the member of a union. The last step may name a missing
    field.
    """
    path: list[str | int] = []
    here = body
    for index, step in enumerate(location):
        try:
            here = here[step]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            last = index == len(location) - 1
            if not last or not isinstance(here, Mapping) or step == "[key]":
                continue
        path.append(step)
    return tuple(path)


def without(body: object, paths: Iterable[Path]) -> object:
    """Return a copy of the body without these fields.

    List items keep their index: if a path ends in one, the whole list is removed.
    """
    return _copy(body, [field for field in map(_field_of, paths) if field])


def _field_of(path: Path) -> Path:
    while path and isinstance(path[-1], int):
        path = path[:-1]
    return path


def _copy(value: object, dropped: list[Path]) -> object:
    """Copy the parents of dropped fields; everything else is shared."""
    below: dict[str | int, list[Path]] = {}
    for path in dropped:
        below.setdefault(path[0], []).append(path[1:])
    if isinstance(value, Mapping):
        return {
            key: _copy(item, below[key]) if key in below else item
            for key, item in value.items()
            if () not in below.get(key, ())
        }
    if isinstance(value, list | tuple):
        return [
            _copy(item, below[index]) if index in below else item
            for index, item in enumerate(value)
        ]
    return value
