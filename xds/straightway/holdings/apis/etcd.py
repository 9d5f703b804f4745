"""Follows a table of etcd, which is all keys of a prefix, through its JSON gateway.

A poll asks for what has changed since the last one. etcd also says how many keys there are, which
tells that some were deleted; only then, and at the start, the whole table is read.
https://etcd.io/docs/latest/dev-guide/api_grpc_gateway/
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Final, Generic, NamedTuple, TypeVar

import msgspec

from straightway.holdings.answers import FailureKind
from straightway.holdings.apis.http import HttpClient
from straightway.holdings.apis.replies import MOST_MODELS, Reply
from straightway.holdings.pools import Settings

T = TypeVar("T")

_RANGE: Final = "/v3/kv/range"
_A_PAGE: Final = 1000


class _Entry(msgspec.Struct):
    key: str
    value: str = ""


class _Header(msgspec.Struct):
    revision: str
    cluster_id: str = ""


class _Page(msgspec.Struct):
    header: _Header
    kvs: list[_Entry] = []
    more: bool = False
    count: str = "0"


_DECODER: Final = msgspec.json.Decoder(_Page)


class _At(NamedTuple):
    """How far a table is known."""

    revision: int = 0
    cluster: str = ""


class Table(Generic[T]):
    """The entries of a prefix by the rest of their keys, each as ``read`` returns its value."""

    def __init__(self, prefix: str, read: Callable[[bytes], T]) -> None:
        self._prefix = prefix.encode()
        self._read = read
        self._at = _At()
        self._entries: dict[str, T] = {}

    @property
    def entries(self) -> Mapping[str, T]:
        """The entries as they were at the last poll."""
        return self._entries

    async def poll(self, http: HttpClient, server: str, settings: Settings) -> bool:
        """Return whether anything has changed since the last poll.

        Raises NoAnswerError: if etcd gives no usable answer; then everything is read anew.
        """
        before, self._at = self._at, _At()
        if before.revision:
            page, reply = await self._page(http, server, settings, since=before.revision + 1)
            now = _at(page, reply)
            if now == before:
                self._at = now
                return False
            is_later = now.cluster == before.cluster and now.revision > before.revision
            if is_later and not page.more:
                changed = self._decoded(page, reply)
                self._entries |= changed
                if len(self._entries) == _number(page.count, reply):
                    self._at = now
                    return bool(changed)
        await self._read_all(http, server, settings)
        return True

    async def _read_all(self, http: HttpClient, server: str, settings: Settings) -> None:
        page, reply = await self._page(http, server, settings)
        at, entries = _at(page, reply), self._decoded(page, reply)
        while page.more and page.kvs:
            after = _bytes(page.kvs[-1].key, reply) + b"\0"
            page, reply = await self._page(
                http, server, settings, start=after, revision=at.revision
            )
            entries |= self._decoded(page, reply)
            if len(entries) > MOST_MODELS:
                why = f"there are more than {MOST_MODELS:,} keys below {self._prefix.decode()}"
                raise reply.failure(FailureKind.INVALID, why)
        self._entries, self._at = entries, at

    async def _page(
        self,
        http: HttpClient,
        server: str,
        settings: Settings,
        *,
        start: bytes = b"",
        revision: int = 0,
        since: int = 0,
    ) -> tuple[_Page, Reply]:
        """Ask for entries from ``start`` on, as of a revision, that have changed since another."""
        body = {
            "key": _text(start or self._prefix),
            "range_end": _text(self._prefix[:-1] + bytes([self._prefix[-1] + 1])),
            "limit": _A_PAGE,
            "revision": revision,
            "min_mod_revision": since,
        }
        reply = await http.send("POST", server + _RANGE, settings, msgspec.json.encode(body))
        return reply.decode(_DECODER), reply

    def _decoded(self, page: _Page, reply: Reply) -> dict[str, T]:
        return dict(self._entry(entry, reply) for entry in page.kvs)

    def _entry(self, entry: _Entry, reply: Reply) -> tuple[str, T]:
        key = _bytes(entry.key, reply)
        try:
            return key[len(self._prefix) :].decode(), self._read(_bytes(entry.value, reply))
        except (ValueError, RecursionError):
            why = f"the entry {key[:200]!r} is not what it should be"
            raise reply.failure(FailureKind.INVALID, why) from None


def _at(page: _Page, reply: Reply) -> _At:
    return _At(_number(page.header.revision, reply), page.header.cluster_id)


def _number(text: str, reply: Reply) -> int:
    """Return a number that JSON has as a text, as protobuf's JSON has those of 64 bits."""
    if text.isascii() and text.isdecimal() and len(text) < 20:
        return int(text)
    raise reply.failure(FailureKind.INVALID, "etcd's numbers are none")


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _bytes(text: str, reply: Reply) -> bytes:
    try:
        return base64.b64decode(text)
    except ValueError:
        raise reply.failure(FailureKind.INVALID, "etcd's bytes are not in base64") from None
