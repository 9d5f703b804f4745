"""Events of a watch, pages of a list and refusals in JSON, decoded as far as they count."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from straightway.kubernetes.errors import ApiError, UnreachableError, UnreadableError
from straightway.kubernetes.objects import Body

if TYPE_CHECKING:
    from straightway.kubernetes.resources import Resource

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


class JsonObject:
    """An object as JSON."""

    __slots__ = ("_raw",)

    def __init__(self, raw: msgspec.Raw) -> None:
        self._raw = raw

    @property
    def size(self) -> int:
        """How long it is, in bytes."""
        return len(self._raw)

    def body(self, resource: Resource) -> Body:
        """Return what is kept of it. Raises UnreadableError: if it is no object of this kind."""
        try:
            return resource.decode(self._raw)
        except msgspec.MsgspecError as error:
            raise UnreadableError(str(error)) from error

    def identity(self) -> tuple[str, str]:
        """Return its key and version. Raises UnreachableError: if it has none."""
        try:
            metadata = _object.decode(self._raw).metadata
        except msgspec.MsgspecError as error:
            raise UnreachableError(f"an object has no name or version: {error}") from error
        return f"{metadata.namespace}/{metadata.name}", metadata.resource_version

    def bookmark(self) -> tuple[str, bool]:
        """Return a bookmark's version, and whether it ends the initial events.

        Raises UnreachableError: if it has no version.
        """
        try:
            metadata = _mark.decode(self._raw).metadata
        except msgspec.MsgspecError as error:
            raise UnreachableError(f"a bookmark of the watch is none: {error}") from error
        return metadata.resource_version, (metadata.annotations or {}).get(_END_OF_LIST) == "true"


def read_event(line: bytes) -> tuple[str, JsonObject]:
    """Return an event's type and its object. Raises as ``Format`` says."""
    try:
        event = _event.decode(line)
        if event.type == "ERROR":
            raise ApiError.of(500, msgspec.json.decode(event.object))
    except msgspec.MsgspecError as error:
        raise UnreachableError(f"a line of the watch is no event: {error}") from error
    return event.type, JsonObject(event.object)


def read_page(answer: bytes) -> tuple[Iterator[JsonObject], str, str]:
    """Return a page's objects, the list's version, and the token of the next page.

    Raises UnreachableError: if it is no list.
    """
    try:
        page = _list.decode(answer)
    except msgspec.MsgspecError as error:
        raise UnreachableError(f"the answer is no list: {error}") from error
    items = map(JsonObject, page.items or ())
    return items, page.metadata.resource_version, page.metadata.continue_


def read_refusal(answer: bytes) -> Any:
    """Return a Status as plain data, or the text of whatever else it is."""
    try:
        return msgspec.json.decode(answer)
    except msgspec.DecodeError:
        return answer.decode(errors="replace")
