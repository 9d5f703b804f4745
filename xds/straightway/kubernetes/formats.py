"""The two forms in which an API server writes objects, lists and watches: JSON and protobuf.

Kubernetes' own kinds are asked for as protobuf, which costs the server and the client a part of the
CPU. Who answers may not have it: so an answer is read as what it says it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from straightway.kubernetes import json_format, media_types, protobuf_format
from straightway.kubernetes.framing import Frames, Framing, Lines
from straightway.kubernetes.objects import Undecoded


@dataclass(frozen=True, slots=True)
class Format:
    """How to read answers in one form.

    ``framing`` divides a watch into messages. ``read_event`` gives an event's type (ADDED,
    MODIFIED, DELETED, BOOKMARK) and its object; it raises ApiError if the event reports an error,
    and UnreachableError if it is none. ``read_page`` gives a page's objects, the list's version and
    the token of the next page; it raises UnreachableError if it is no list. ``read_refusal`` gives
    what is said of a refused request, for :meth:`straightway.kubernetes.errors.ApiError.of`.
    """

    framing: Callable[[], Framing]
    read_event: Callable[[bytes], tuple[str, Undecoded]]
    read_page: Callable[[bytes], tuple[Iterable[Undecoded], str, str]]
    read_refusal: Callable[[bytes], Any]


JSON = Format(Lines, json_format.read_event, json_format.read_page, json_format.read_refusal)
PROTOBUF = Format(
    Frames, protobuf_format.read_event, protobuf_format.read_page, protobuf_format.read_refusal
)


def format_of(media_type: str) -> Format:
    """Return the format of an answer, by its Content-Type without parameters."""
    return PROTOBUF if media_type == media_types.PROTOBUF else JSON
