"""Reads YAML text into plain data as Kubernetes does, with the position of each part.

Built directly from libyaml's events: more than twice as fast as PyYAML's SafeLoader, and without
recursion, so that deep nesting cannot overflow the C stack. :mod:`straightway.sources.yaml_scalars`
defines the meaning of scalars. Duplicate keys are errors, as are tags other than YAML's own; ``<<``
merges mappings. :mod:`straightway.sources.yaml_limits` limits the size of a document.

Most documents are plain enough for :mod:`straightway.sources.yaml_blocks`, which is several times
faster.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, cast

import yaml
from yaml.constructor import ConstructorError

from straightway.sources.yaml_blocks import read_blocks
from straightway.sources.yaml_limits import (
    MAX_ALIASED_TEXT,
    MAX_ALIASED_VALUES,
    MAX_DEPTH,
    MAX_KEY_LENGTH,
    MAX_VALUES,
    TooLargeError,
)
from straightway.sources.yaml_positions import Positions, Value
from straightway.sources.yaml_scalars import key_text, plain_scalar

LOADER = yaml.CBaseLoader if yaml.__with_libyaml__ else yaml.BaseLoader

_TAG_PREFIX = "tag:yaml.org,2002:"
_STRING_TAGS = {"!", f"{_TAG_PREFIX}str", f"{_TAG_PREFIX}timestamp"}
_SCALAR_TYPES: dict[str, tuple[type, ...]] = {
    f"{_TAG_PREFIX}null": (type(None),),
    f"{_TAG_PREFIX}bool": (bool,),
    f"{_TAG_PREFIX}int": (int,),
    f"{_TAG_PREFIX}float": (float, int),
}
_MAPPING_TAGS = {None, "!", f"{_TAG_PREFIX}map"}
_SEQUENCE_TAGS = {None, "!", f"{_TAG_PREFIX}seq"}


def read_yaml(text: str) -> Positions:
    """Return the value of the one document in ``text`` (None if it is empty), with positions.

    Raises yaml.YAMLError, with a mark if the place is known.
    """
    return read_blocks(text) or read_events(text)


def read_events(text: str) -> Positions:
    """Like :func:`read_yaml`, but always with libyaml."""
    builder = _Builder()
    handlers = builder.handlers
    for event in iter(LOADER(text).get_event, None):
        handlers[event.__class__](event)
    return builder.positions


class _OpenDocument:
    """The outermost level: takes the value of the document."""

    __slots__ = ("value",)

    takes_key = False

    def __init__(self) -> None:
        self.value: Value = None

    def line(self, event: yaml.Event) -> int:
        return _line(event)

    def add(self, value: Value, event: yaml.Event) -> None:
        self.value = value


class _OpenSequence:
    """A sequence whose end has not been read yet."""

    __slots__ = ("anchor", "container", "value")

    takes_key = False

    def __init__(self, container: int, anchor: str | None) -> None:
        self.value: list[Value] = []
        self.container = container
        self.anchor = anchor

    def line(self, event: yaml.Event) -> int:
        return _line(event)

    def add(self, value: Value, event: yaml.Event) -> None:
        self.value.append(value)

    def close(self) -> None:
        """Do nothing."""


class _OpenMapping:
    """A mapping whose end has not been read yet. Keys and values are added in turn."""

    __slots__ = ("_key", "_keys", "_merged", "anchor", "container", "merging", "takes_key", "value")

    def __init__(self, container: int, anchor: str | None) -> None:
        self.value: dict[str, Value] = {}
        self.container = container
        self.anchor = anchor
        self.takes_key = True
        self.merging = False
        self._key = ""
        # The place of each key.
        self._keys: dict[str, yaml.Mark] = {}
        self._merged: list[dict[str, Value]] = []

    def line(self, event: yaml.Event) -> int:
        return _line(event) if self.merging else self._keys[self._key].line

    def add_key(self, value: Value, event: yaml.Event) -> None:
        key = value if isinstance(value, str) else key_text(value)
        if key is None:
            _fail("a key must be a string", event)
        if len(key) > MAX_KEY_LENGTH:
            _fail_as_too_large(f"A key is longer than {MAX_KEY_LENGTH:,} characters", event)
        self.takes_key = False
        if key == "<<" and isinstance(event, yaml.ScalarEvent) and event.implicit[0]:
            self.merging = True
            return
        mark = cast("yaml.Mark", event.start_mark)
        first = self._keys.setdefault(key, mark)
        if first is not mark:
            _fail(f"the key {_cut(key)!r} is written twice", event, "first written", first)
        self._key = sys.intern(key)

    def add(self, value: Value, event: yaml.Event) -> None:
        if self.takes_key:
            self.add_key(value, event)
        elif self.merging:
            self._merge(value, event)
            self.merging, self.takes_key = False, True
        else:
            self.value[self._key] = value
            self.takes_key = True

    def close(self) -> None:
        # A mapping's own entries win over merged ones, earlier merges over later ones.
        for merged in self._merged:
            for key, value in merged.items():
                self.value.setdefault(key, value)

    def _merge(self, value: Value, event: yaml.Event) -> None:
        for merged in value if isinstance(value, list) else [value]:
            if not isinstance(merged, dict):
                _fail("'<<' can only merge mappings", event)
            self._merged.append(merged)


@dataclass(slots=True)
class _Anchor:
    """The value of an anchor (``&name``), its node, and whether that is still open."""

    value: Value
    node: int
    is_open: bool


class _Builder:
    """Builds the value of one document from its events."""

    __slots__ = (
        "_aliased_text",
        "_aliased_values",
        "_anchors",
        "_innermost",
        "_outer",
        "handlers",
        "positions",
    )

    def __init__(self) -> None:
        self.positions = Positions()
        self._innermost: _OpenDocument | _OpenSequence | _OpenMapping = _OpenDocument()
        self._outer: list[_OpenDocument | _OpenSequence | _OpenMapping] = []
        self._anchors: dict[str | None, _Anchor] = {}
        self._aliased_values = self._aliased_text = 0
        self.handlers: dict[type[yaml.Event], Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._mapping,
            yaml.SequenceStartEvent: self._sequence,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceEndEvent: self._end,
            yaml.AliasEvent: self._alias,
            yaml.StreamStartEvent: _pass,
            yaml.DocumentStartEvent: _pass,
            yaml.DocumentEndEvent: self._end_document,
            yaml.StreamEndEvent: _pass,
        }

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        value: Value = event.value
        if event.tag is not None:
            value = _tagged_scalar(event)
        elif event.implicit[0]:
            value = plain_scalar(event.value)
        innermost = self._innermost
        if innermost.takes_key:
            node = 0
        else:
            node = self._node(event)
            if not isinstance(value, str | list | dict):
                self.positions.write(node, value, event.value)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchor(value, node, is_open=False)
        innermost.add(value, event)

    def _mapping(self, event: yaml.MappingStartEvent) -> None:
        if event.tag not in _MAPPING_TAGS:
            _fail(f"unknown tag {_cut(event.tag)}", event)
        node = self._begin(event)
        self._open(_OpenMapping(self.positions.open(node), event.anchor), node)

    def _sequence(self, event: yaml.SequenceStartEvent) -> None:
        if event.tag not in _SEQUENCE_TAGS:
            _fail(f"unknown tag {_cut(event.tag)}", event)
        node = self._begin(event)
        self._open(_OpenSequence(self.positions.open(node), event.anchor), node)

    def _begin(self, event: yaml.NodeEvent) -> int:
        if len(self._outer) >= MAX_DEPTH:
            _fail_as_too_large(f"The document is nested deeper than {MAX_DEPTH} levels", event)
        if self._innermost.takes_key:
            _fail("a key must be a string", event)
        return self._node(event)

    def _open(self, container: _OpenMapping | _OpenSequence, node: int) -> None:
        if container.anchor is not None:
            self._anchors[container.anchor] = _Anchor(container.value, node, is_open=True)
        self._outer.append(self._innermost)
        self._innermost = container

    def _end(self, event: yaml.Event) -> None:
        ended = self._innermost
        assert not isinstance(ended, _OpenDocument)
        ended.close()
        self.positions.close(ended.container)
        if ended.anchor is not None and self._anchors[ended.anchor].value is ended.value:
            self._anchors[ended.anchor].is_open = False
        self._innermost = self._outer.pop()
        self._innermost.add(ended.value, event)

    def _alias(self, event: yaml.AliasEvent) -> None:
        name = _cut(event.anchor)
        anchor = self._anchors.get(event.anchor)
        if anchor is None:
            _fail(f"the alias *{name} has no anchor &{name} before it", event)
        if anchor.is_open:
            _fail(f"the alias *{name} refers to a value that contains it", event)
        self._count_aliased(anchor.value, event)
        if not self._innermost.takes_key:
            self.positions.alias(self._node(event), anchor.node)
        self._innermost.add(anchor.value, event)

    def _count_aliased(self, value: Value, event: yaml.AliasEvent) -> None:
        values, text = _size(value, MAX_ALIASED_VALUES - self._aliased_values)
        self._aliased_values += values
        self._aliased_text += text
        if self._aliased_values > MAX_ALIASED_VALUES:
            limit = f"{MAX_ALIASED_VALUES:,} values"
            _fail_as_too_large(f"The document's aliases stand for more than {limit}", event)
        if self._aliased_text > MAX_ALIASED_TEXT:
            limit = f"{MAX_ALIASED_TEXT:,} characters"
            _fail_as_too_large(f"The document's aliases stand for more than {limit}", event)

    def _node(self, event: yaml.NodeEvent) -> int:
        """Record the position of a value that begins and is not a key."""
        innermost = self._innermost
        node = self.positions.add(innermost.line(event))
        if node >= MAX_VALUES:
            limit = f"{MAX_VALUES:,} values"
            _fail_as_too_large(f"The document holds more than {limit}: split it", event)
        if isinstance(innermost, _OpenMapping) and innermost.merging:
            self.positions.merge(node)
        return node

    def _end_document(self, event: yaml.DocumentEndEvent) -> None:
        self.positions.root = self._innermost.value
        # Documents are split before they are parsed, so a second one is an error.
        self.handlers[yaml.DocumentStartEvent] = _fail_second_document


def _pass(event: yaml.Event) -> None:
    """Ignore an event."""


def _fail_second_document(event: yaml.Event) -> None:
    _fail("a second document must begin with a line '---'", event)


def _tagged_scalar(event: yaml.ScalarEvent) -> Value:
    if event.tag in _STRING_TAGS:
        return event.value
    if event.tag not in _SCALAR_TYPES:
        _fail(f"unknown tag {_cut(event.tag)}", event)
    value = plain_scalar(event.value)
    # bool is a subclass of int in Python, but not in YAML.
    if type(value) not in _SCALAR_TYPES[event.tag]:
        _fail(f"{_cut(event.value)!r} is not a valid {event.tag.removeprefix(_TAG_PREFIX)}", event)
    return value


def _size(value: Value, limit: int) -> tuple[int, int]:
    """Count a value and everything inside it, to just over ``limit``, and their characters."""
    count = text = 0
    pending = [value]
    while pending and count <= limit:
        item = pending.pop()
        count += 1
        if isinstance(item, dict):
            pending += item.values()
            text += sum(map(len, item))
        elif isinstance(item, list):
            pending += item
        elif isinstance(item, str):
            text += len(item)
    return count, text


def _cut(text: str | None, length: int = 60) -> str:
    """Return a text for a message, truncated if it is long."""
    text = text or ""
    return text if len(text) <= length else f"{text[:length]}…"


def _line(event: yaml.Event) -> int:
    return cast("yaml.Mark", event.start_mark).line


def _fail(
    problem: str,
    event: yaml.Event,
    context: str | None = None,
    context_mark: yaml.Mark | None = None,
) -> NoReturn:
    mark = cast("yaml.Mark", event.start_mark)
    raise ConstructorError(context, context_mark, problem, mark)


def _fail_as_too_large(problem: str, event: yaml.Event) -> NoReturn:
    raise TooLargeError(problem=problem, problem_mark=cast("yaml.Mark", event.start_mark))
