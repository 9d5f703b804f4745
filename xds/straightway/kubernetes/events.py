"""Events of a watch, and pages of a list, decoded as far as they count."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from straightway.kubernetes.errors import ApiError, UnreachableError

_END_OF_LIST = "k8s.io/initial-events-end"


class _Event(msgspec.Struct):
    type: str
    object: msgspec.Raw


class _MarkMetadata(msgspec.Struct, rename="camel"):
    resource_version: str
    annotations: dict[str, str] | None = None


class _Mark(msgspec.Struct):
    metadata: _MarkMetadata


class _Named(msgspec.Struct, rename="camel"):
    name: str
    resource_version: str
    namespace: str = ""


class _Object(msgspec.Struct):
    metadata: _Named


class _ListMetadata(msgspec.Struct, rename="camel"):
    resource_version: str
    continue_: str = msgspec.field(default="", name="continue")


class _List(msgspec.Struct):
    metadata: _ListMetadata
    items: list[msgspec.Raw] | None = None


_event = msgspec.json.Decoder(_Event)
_mark = msgspec.json.Decoder(_Mark)
_list = msgspec.json.Decoder(_List)
_object = msgspec.json.Decoder(_Object)


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
    """Return a bookmark's version, and whether it ends the initial events.

    Raises UnreachableError: if it has no version.
    """
    try:
        metadata = _mark.decode(raw).metadata
    except msgspec.MsgspecError as error:
        raise UnreachableError(f"a bookmark of the watch is none: {error}") from error
    return metadata.resource_version, (metadata.annotations or {}).get(_END_OF_LIST) == "true"


def read_identity(raw: bytes | msgspec.Raw) -> tuple[str, str]:
    """Return an object's key, ``namespace/name``, and its version.

    Raises UnreachableError: if it has none.
    """
    try:
        metadata = _object.decode(raw).metadata
    except msgspec.MsgspecError as error:
        raise UnreachableError(f"an object has no name or version: {error}") from error
    return f"{metadata.namespace}/{metadata.name}", metadata.resource_version


def read_names(answer: bytes, field: str, name: str) -> list[str]:
    """Return what a list of the server's discovery names: versions of a group, or its kinds.

    Raises UnreachableError: if it is no such list.
    """
    try:
        found = msgspec.json.decode(answer, type=dict[str, Any]).get(field) or ()
        return [str(each[name]) for each in found]
    except (msgspec.MsgspecError, KeyError, TypeError) as error:
        raise UnreachableError(f"the answer names no {field}: {error}") from error


def read_page(answer: bytes) -> tuple[Iterable[msgspec.Raw], str, str]:
    """Return a page's objects, undecoded, the list's version, and the token of the next page.

    Raises UnreachableError: if it is no list.
    """
    try:
        page = _list.decode(answer)
    except msgspec.MsgspecError as error:
        raise UnreachableError(f"the answer is no list: {error}") from error
    return page.items or (), page.metadata.resource_version, page.metadata.continue_
