"""Names: from the models that a runtime lists to the values of a subset key.

What a runtime says is not trusted: a name costs at most :data:`MOST_BYTES` bytes, a runtime at most
:data:`MOST_VALUES` names, and what is no text that Envoy can be sent is left out. Which are left
out does not depend on their order, so that all replicas leave out the same.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from heapq import nsmallest
from typing import Final, NamedTuple

from straightway.holdings.answers import Model, ModelState
from straightway.holdings.pools import Versions

MOST_BYTES: Final = 512
"""The longest value, in bytes of UTF-8."""
MOST_VALUES: Final = 10_000
"""How many values a runtime may have."""

_NUMBERS: Final = re.compile("([0-9]+)")


class Naming(NamedTuple):
    """How models become values: without the prefix ``strip``, and with which versions."""

    strip: str = ""
    versions: Versions = Versions.NONE


class LeftOut(NamedTuple):
    """How many names were left out, and why."""

    too_long: int = 0
    no_text: int = 0
    """With characters that cannot be shown, or nothing at all after the prefix."""
    too_many: int = 0

    def __str__(self) -> str:
        """Return it in words; empty if there is none."""
        words = {
            f"longer than {MOST_BYTES} bytes": self.too_long,
            "not text": self.no_text,
            f"beyond {MOST_VALUES:,}": self.too_many,
        }
        return ", ".join(f"{number} {why}" for why, number in words.items() if number)


class Listing(NamedTuple):
    """The values of what is ready, and of what loads and is not ready yet; both sorted."""

    ready: tuple[str, ...] = ()
    loading: tuple[str, ...] = ()
    left_out: LeftOut = LeftOut()


def listing(models: Iterable[Model], naming: Naming) -> Listing:
    """Return what a runtime's models are as values of a key."""
    usable, too_long, no_text = _usable(models, naming.strip)
    ready = set(_ready(usable, naming.versions))
    loading = {each.name for each in usable if each.state is ModelState.LOADING} - ready
    too_many = max(0, len(ready) - MOST_VALUES)
    return Listing(
        _first(ready),
        _first(loading),
        LeftOut(too_long=too_long, no_text=no_text, too_many=too_many),
    )


def why_not_ready(models: Iterable[Model], naming: Naming, values: Sequence[str]) -> dict[str, str]:
    """Return for each of some values that are not ready why, in words."""
    wanted = set(values)
    seen: dict[str, Model] = {}
    for model in _usable(models, naming.strip)[0]:
        for value in _values_of(model, naming.versions):
            if value in wanted and (value not in seen or _newer(model, seen[value])):
                seen[value] = model
    return {value: _why(seen.get(value)) for value in values}


def _usable(models: Iterable[Model], strip: str) -> tuple[list[Model], int, int]:
    """Return the models whose names can be values, without the prefix; and what is left out."""
    usable = []
    too_long, no_text = set[str](), set[str]()
    for model in models:
        name = model.name.removeprefix(strip)
        version = model.version
        if not name or not name.isprintable() or not version.isprintable():
            no_text.add(model.name)
        elif _is_too_long(name) or _is_too_long(version):
            too_long.add(model.name)
        else:
            usable.append(model._replace(name=name) if strip else model)
    return usable, len(too_long), len(no_text)


def _is_too_long(text: str) -> bool:
    return len(text) > MOST_BYTES or (not text.isascii() and len(text.encode()) > MOST_BYTES)


def _ready(models: Sequence[Model], versions: Versions) -> Iterator[str]:
    if versions is Versions.LATEST:
        models = _newest(models)
    for model in models:
        if model.state is ModelState.READY:
            yield from _values_of(model, versions)


def _values_of(model: Model, versions: Versions) -> Iterator[str]:
    """Yield the values that a model has when it is ready."""
    yield model.name
    if versions is Versions.ALL and model.version:
        value = f"{model.name}/{model.version}"
        if not _is_too_long(value):
            yield value


def _newest(models: Sequence[Model]) -> list[Model]:
    newest: dict[str, Model] = {}
    for model in models:
        known = newest.get(model.name)
        if known is None or _newer(model, known):
            newest[model.name] = model
    return list(newest.values())


def _newer(one: Model, other: Model) -> bool:
    """Whether a model's version is above another's; of one listed twice, the ready one counts."""
    if one.version == other.version:
        return one.state is ModelState.READY
    return _order(one.version) > _order(other.version)


def _order(version: str) -> tuple[list[tuple[bool, int, str]], str]:
    """Return what versions are compared by: 10 is above 9, and 1.10 above 1.9."""
    parts = _NUMBERS.split(version)
    numbered = [
        (index % 2 == 1, int(part) if index % 2 else 0, "" if index % 2 else part)
        for index, part in enumerate(parts)
    ]
    return numbered, version


def _first(values: set[str]) -> tuple[str, ...]:
    """Return them sorted, and no more than are allowed. Runtimes share the texts of equal ones."""
    chosen = sorted(values) if len(values) <= MOST_VALUES else nsmallest(MOST_VALUES, values)
    return tuple(map(sys.intern, chosen))


def _why(model: Model | None) -> str:
    if model is None:
        return "it is no longer listed"
    version = f"version {model.version} " if model.version else "it "
    if model.state is ModelState.LOADING:
        return f"{version}loads"
    return f"{version}is unavailable" + (f": {model.reason}" if model.reason else "")
