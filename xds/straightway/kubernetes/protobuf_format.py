"""Events of a watch, pages of a list and refusals in protobuf, decoded as far as they count.

https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError

from straightway.kubernetes import core_kinds_pb2 as pb
from straightway.kubernetes.errors import ApiError, UnreachableError, UnreadableError
from straightway.kubernetes.objects import Body

if TYPE_CHECKING:
    from straightway.kubernetes.resources import Resource

_MAGIC = b"k8s\0"
_END_OF_LIST = "k8s.io/initial-events-end"


class ProtobufObject:
    """An object as protobuf."""

    __slots__ = ("_raw",)

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    @property
    def size(self) -> int:
        """How long it is, in bytes."""
        return len(self._raw)

    def body(self, resource: Resource) -> Body:
        """Return what is kept of it. Raises UnreadableError: if it is no object of this kind."""
        if resource.decode_protobuf is None:
            raise UnreadableError(f"{resource} is read as JSON alone")
        try:
            return resource.decode_protobuf(self._raw)
        except (DecodeError, OverflowError, OSError) as error:
            # The latter two come of times beyond all calendars.
            raise UnreadableError(str(error)) from error

    def identity(self) -> tuple[str, str]:
        """Return its key and version. Raises UnreachableError: if it has none."""
        metadata = self._metadata("an object has no name or version")
        if not metadata.name or not metadata.resource_version:
            raise UnreachableError("an object has no name or version")
        return f"{metadata.namespace}/{metadata.name}", metadata.resource_version

    def bookmark(self) -> tuple[str, bool]:
        """Return a bookmark's version, and whether it ends the initial events.

        Raises UnreachableError: if it has no version.
        """
        metadata = self._metadata("a bookmark of the watch is none")
        if not metadata.resource_version:
            raise UnreachableError("a bookmark of the watch has no version")
        return metadata.resource_version, metadata.annotations.get(_END_OF_LIST) == b"true"

    def _metadata(self, otherwise: str) -> pb.ObjectMeta:
        try:
            return pb.Object.FromString(self._raw).metadata
        except DecodeError as error:
            raise UnreachableError(f"{otherwise}: {error}") from error


def read_event(message: bytes) -> tuple[str, ProtobufObject]:
    """Return an event's type and its object. Raises as ``Format`` says."""
    try:
        event = pb.WatchEvent.FromString(message)
        raw = _unwrapped(event.object.raw)
        if event.type == "ERROR":
            raise ApiError.of(500, _status(raw))
    except DecodeError as error:
        raise UnreachableError(f"a message of the watch is no event: {error}") from error
    return event.type, ProtobufObject(raw)


def read_page(answer: bytes) -> tuple[Iterator[ProtobufObject], str, str]:
    """Return a page's objects, the list's version, and the token of the next page.

    Raises UnreachableError: if it is no list.
    """
    try:
        page = pb.List.FromString(_unwrapped(answer))
    except DecodeError as error:
        raise UnreachableError(f"the answer is no list: {error}") from error
    if not page.metadata.resource_version:
        raise UnreachableError("the answer is no list: it has no version")
    items = map(ProtobufObject, page.items)
    return items, page.metadata.resource_version, page.metadata.continue_token


def read_refusal(answer: bytes) -> Any:
    """Return a Status as plain data, or "" for anything else."""
    try:
        return _status(_unwrapped(answer))
    except DecodeError:
        return ""


def _unwrapped(data: bytes) -> bytes:
    """Return what is in the envelope of every object. Raises DecodeError: if there is none."""
    if not data.startswith(_MAGIC):
        raise DecodeError("it does not begin with k8s")
    return pb.Unknown.FromString(data[len(_MAGIC) :]).raw


def _status(raw: bytes) -> Body:
    status = pb.Status.FromString(raw)
    return {"code": status.code, "reason": status.reason, "message": status.message}
