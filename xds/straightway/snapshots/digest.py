"""The digests of which versions consist."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

_BYTES = 16


def digest(parts: Iterable[bytes]) -> bytes:
    """Return the digest of some bytes, given in parts."""
    return blake2b(b"".join(parts), digest_size=_BYTES).digest()
