"""Events of a watch, and pages of a list, decoded as far as they count."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from straightway.kubernetes.errors import ApiError, UnreachableError

_END_OF_LIST = "k8s.io/initial-events-end"


class _Event(msgspec.Struct):
    type: str
    object: msgspec.Raw


class _MarkMetadata(msgspec.Struct, rename="camel"):
    resource_version: str = ""
    annotations: dict[str, str] = msgspec.field(default_factory=dict)


class _Mark(msgspec.Struct):
    metadata: _MarkMetadata


class _ListMetadata(msgspec.Struct, rename="camel"):
    resource_version: str = ""
    continue_: str = msgspec.field(default="", name="continue")


class _List(msgspec.Struct):
    metadata: _ListMetadata
    items: list[msgspec.Raw] | None = None


_event = msgspec.json.Decoder(_Event)
_mark = msgspec.json.Decoder(_Mark)
_list = msgspec.json.Decoder(_List)


def read_event(line: bytes) -> tuple[str, msgspec.Raw]:
    """Return an event's type (ADDED, MODIFIED, DELETED, BOOKMARK) and its object, undecoded.

    Raises: ApiError: if it reports an error. UnreachableError: if it is no event at all.
    """
    try:
        event = _event.decode(line)
        if event.type == "ERROR":
            raise ApiError.of(500, msgspec.json.decode(event.object))
    except msgspec.MsgspecError as error:
        raise UnreachableError(f"a line of the watch is no event: {error}") from error
    return event.type, event.object


def read_bookmark(raw: msgspec.Raw) -> tuple[str, bool]:
    """Return a bookmark's version, and whether it ends the initial events."""
    metadata = _mark.decode(raw).metadata
    return metadata.resource_version, metadata.annotations.get(_END_OF_LIST) == "true"


def read_page(answer: bytes) -> tuple[Iterable[msgspec.Raw], str, str]:
    """Return a page's objects, undecoded, the list's version, and the token of the next page.

    Raises UnreachableError: if it is no list.
    """
    try:
        page = _list.decode(answer)
    except msgspec.MsgspecError as error:
        raise UnreachableError(f"the answer is no list: {error}") from error
    return page.items or (), page.metadata.resource_version, page.metadata.continue_
