"""YAML text into plain data, the way Kubernetes reads it.

Built straight from libyaml's events: more than twice as fast as PyYAML's SafeLoader, and free of
recursion, so that no depth of nesting overflows the C stack. What scalars mean says
:mod:`straightway.sources.yaml_scalars`. A key that is written twice is an error, as are tags other
than YAML's own; ``<<`` merges mappings.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NoReturn, TypeAlias, cast

import yaml
from yaml.constructor import ConstructorError

from straightway.sources.yaml_scalars import Scalar, key_text, plain_scalar

LOADER = yaml.CBaseLoader if yaml.__with_libyaml__ else yaml.BaseLoader

MAX_DEPTH = 200
"""How deep mappings and sequences may be nested."""

MAX_ALIASED_VALUES = 100_000
"""How many values all aliases (``*name``) of a document may stand for, against "billion laughs"."""

Value: TypeAlias = "Scalar | list[Value] | dict[str, Value]"

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


def read_value(text: str) -> Value:
    """Return the value of the one document in ``text``; None if it holds none.

    Raises yaml.YAMLError, with a mark where the place is known.
    """
    builder = _Builder()
    handlers = builder.handlers
    for event in iter(LOADER(text).get_event, None):
        handlers[event.__class__](event)
    return builder.value


class _OpenDocument:
    """The outermost level: takes the value of the document."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: Value = None

    def add(self, value: Value, event: yaml.Event) -> None:
        self.value = value


class _OpenSequence:
    """A sequence whose end has not been read yet."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: list[Value] = []

    def add(self, value: Value, event: yaml.Event) -> None:
        self.value.append(value)

    def close(self) -> None:
        """Nothing is left to do."""


class _OpenMapping:
    """A mapping whose end has not been read yet. Keys and values are added in turn."""

    __slots__ = ("_key", "_keys", "_merged", "_merging", "value")

    def __init__(self) -> None:
        self.value: dict[str, Value] = {}
        self._key: str | None = None
        self._keys: dict[str, yaml.Event] = {}
        self._merging = False
        self._merged: list[dict[str, Value]] = []

    def add(self, value: Value, event: yaml.Event) -> None:
        if self._merging:
            self._merging = False
            self._merge(value, event)
        elif self._key is None:
            self._add_key(value, event)
        else:
            self.value[self._key] = value
            self._key = None

    def close(self) -> None:
        # What the mapping says itself wins over what it merges, earlier merges over later ones.
        for merged in self._merged:
            for key, value in merged.items():
                self.value.setdefault(key, value)

    def _add_key(self, value: Value, event: yaml.Event) -> None:
        key = value if isinstance(value, str) else key_text(value)
        if key is None:
            _fail("a key must be a string", event)
        if key == "<<" and isinstance(event, yaml.ScalarEvent) and event.implicit[0]:
            self._merging = True
            return
        first = self._keys.setdefault(key, event)
        if first is not event:
            _fail(f"the key {key!r} is written twice", event, "first written", first)
        self._key = sys.intern(key)

    def _merge(self, value: Value, event: yaml.Event) -> None:
        for merged in value if isinstance(value, list) else [value]:
            if not isinstance(merged, dict):
                _fail("'<<' can merge mappings only", event)
            self._merged.append(merged)


class _Builder:
    """Builds the value of one document from its events."""

    __slots__ = ("_aliased", "_anchors", "_document", "_innermost", "_outer", "handlers")

    def __init__(self) -> None:
        self._document = _OpenDocument()
        self._innermost: _OpenDocument | _OpenSequence | _OpenMapping = self._document
        self._outer: list[_OpenDocument | _OpenSequence | _OpenMapping] = []
        self._anchors: dict[str, Value] = {}
        self._aliased = 0
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

    @property
    def value(self) -> Value:
        return self._document.value

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        value: Value = event.value
        if event.tag is not None:
            value = _tagged_scalar(event)
        elif event.implicit[0]:
            value = plain_scalar(event.value)
        if event.anchor is not None:
            self._anchors[event.anchor] = value
        self._innermost.add(value, event)

    def _mapping(self, event: yaml.MappingStartEvent) -> None:
        if event.tag not in _MAPPING_TAGS:
            _fail(f"the tag {event.tag} is not known", event)
        self._open(_OpenMapping(), event)

    def _sequence(self, event: yaml.SequenceStartEvent) -> None:
        if event.tag not in _SEQUENCE_TAGS:
            _fail(f"the tag {event.tag} is not known", event)
        self._open(_OpenSequence(), event)

    def _open(self, container: _OpenMapping | _OpenSequence, event: yaml.NodeEvent) -> None:
        if len(self._outer) >= MAX_DEPTH:
            _fail(f"nested deeper than {MAX_DEPTH} levels", event)
        if event.anchor is not None:
            self._anchors[event.anchor] = container.value
        self._outer.append(self._innermost)
        self._innermost = container

    def _end(self, event: yaml.Event) -> None:
        ended = self._innermost
        assert not isinstance(ended, _OpenDocument)
        ended.close()
        self._innermost = self._outer.pop()
        self._innermost.add(ended.value, event)

    def _alias(self, event: yaml.AliasEvent) -> None:
        if event.anchor not in self._anchors:
            _fail(f"the alias *{event.anchor} has no anchor &{event.anchor} before it", event)
        value = self._anchors[event.anchor]
        if any(value is container.value for container in (*self._outer, self._innermost)):
            _fail(f"the alias *{event.anchor} stands inside what it stands for", event)
        self._aliased += _size(value, MAX_ALIASED_VALUES - self._aliased)
        if self._aliased > MAX_ALIASED_VALUES:
            _fail(f"the aliases stand for more than {MAX_ALIASED_VALUES} values", event)
        self._innermost.add(value, event)

    def _end_document(self, event: yaml.DocumentEndEvent) -> None:
        # Documents are split before they are parsed, so a second one is a mistake.
        self.handlers[yaml.DocumentStartEvent] = _fail_second_document


def _pass(event: yaml.Event) -> None:
    """Pass over an event that says nothing."""


def _fail_second_document(event: yaml.Event) -> None:
    _fail("a second document must begin with a line '---'", event)


def _tagged_scalar(event: yaml.ScalarEvent) -> Value:
    if event.tag in _STRING_TAGS:
        return event.value
    if event.tag not in _SCALAR_TYPES:
        _fail(f"the tag {event.tag} is not known", event)
    value = plain_scalar(event.value)
    # bool is a subclass of int in Python, but not in YAML.
    if type(value) not in _SCALAR_TYPES[event.tag]:
        _fail(f"{event.value!r} is no {event.tag.removeprefix(_TAG_PREFIX)}", event)
    return value


def _size(value: Value, limit: int) -> int:
    """Count a value and all inside it, up to a little over ``limit``."""
    count = 0
    pending = [value]
    while pending and count <= limit:
        item = pending.pop()
        count += 1
        if isinstance(item, dict):
            pending += item.values()
        elif isinstance(item, list):
            pending += item
    return count


def _fail(
    problem: str,
    event: yaml.Event,
    context: str | None = None,
    context_event: yaml.Event | None = None,
) -> NoReturn:
    raise ConstructorError(
        context,
        cast("yaml.Mark", context_event.start_mark) if context_event else None,
        problem,
        cast("yaml.Mark", event.start_mark),
    )
