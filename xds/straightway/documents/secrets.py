"""What is kept of a Secret, and how: the few entries that anything can use, sealed.

Sources call :func:`without_surplus` on every Secret before anyone else sees it. So nothing behind
them has the rest, and what they have is in no text form: not in a message, a log line, a traceback,
a dump or a file.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any, Final, NoReturn

TLS: Final = "kubernetes.io/tls"
GENERIC: Final = "Opaque"
PRIVATE_KEYS: Final = ("tls.key", "key")
KEYS: Final = ("tls.crt", "tls.key", "ca.crt", "cert", "key", "cacert", "token")
"""The entries that are kept: those of ``kubernetes.io/tls``, Istio's generic ones, and a token."""
MOST: Final = 512 * 1024
"""The largest entry that is kept, in bytes as it is written: twice all of Mozilla's authorities."""

_DATA: Final = ("data", "stringData")
_COPIES: Final = ("annotations", "managedFields")
"""Kubectl's annotation is a copy of all data."""
_LONGEST_NAME: Final = 64


class Sealed:
    """Bytes that no text form shows. Equal bytes are equal; None: not text, or too much of it."""

    __slots__ = ("_content", "_digest")

    def __init__(self, content: bytes | None) -> None:
        self._content = content
        self._digest = hashlib.sha256(content or b"").digest() if content is not None else b""

    def reveal(self) -> bytes | None:
        """Return the bytes; whoever calls this answers for where they go."""
        return self._content

    @property
    def digest(self) -> bytes:
        """A digest of the bytes, to compare by."""
        return self._digest

    def __bool__(self) -> bool:
        """Whether it is anything but empty text."""
        return self._content != b""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sealed) and self._digest == other._digest

    def __hash__(self) -> int:
        return hash(self._digest)

    def __repr__(self) -> str:
        return "Sealed()"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        """Refuse to be pickled or copied."""
        raise TypeError("sealed bytes are not copied")


def is_secret(body: object) -> bool:
    """Whether a document says that it is a Secret, in whatever version."""
    return isinstance(body, Mapping) and body.get("kind") == "Secret"


def without_surplus(body: Mapping[Any, Any]) -> dict[str, Any]:
    """Return what is kept of a Secret.

    Its identity and type, without annotations; of ``data`` and ``stringData`` the entries
    :data:`KEYS`, sealed as they are written, if the type is one of the two that count and nothing
    has encrypted the values (``sops``); of all other fields the name alone, for spelling.
    """
    kept: dict[str, Any] = {
        name: value if name in ("apiVersion", "kind", "type") else None
        for name, value in body.items()
        if isinstance(name, str) and len(name) <= _LONGEST_NAME
    }
    if "metadata" in body:
        kept["metadata"] = _without_copies(body["metadata"])
    if "sops" in body or (body.get("type") or GENERIC) not in (TLS, GENERIC):
        return {name: value for name, value in kept.items() if name not in _DATA}
    for name in _DATA:
        if body.get(name) is not None:
            kept[name] = _entries(body[name], is_base64=name == "data")
    return kept


def _without_copies(metadata: object) -> object:
    if not isinstance(metadata, Mapping):
        return None
    return {name: value for name, value in metadata.items() if name not in _COPIES}


def _entries(data: object, *, is_base64: bool) -> dict[str, Sealed] | Sealed:
    if not isinstance(data, Mapping):
        return Sealed(None)
    return {name: _sealed(data[name], is_base64=is_base64) for name in KEYS if name in data}


def _sealed(value: object, *, is_base64: bool) -> Sealed:
    if isinstance(value, bytes):  # YAML's !!binary
        value = base64.b64encode(value).decode() if is_base64 else value
    if value is None:
        return Sealed(b"")
    if isinstance(value, str):
        value = value.encode(errors="replace") if len(value) <= MOST else None
    return Sealed(value if isinstance(value, bytes) and len(value) <= MOST else None)
