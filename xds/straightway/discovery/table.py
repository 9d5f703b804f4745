"""The resources of one type for one audience, and what changed in them of late."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Mapping
from hashlib import blake2b
from itertools import islice
from types import MappingProxyType
from typing import Final

from straightway.discovery.resources import Resource

_LOG_LENGTH: Final = 4096
_SHARED_LENGTH: Final = 8
_DIGEST_BYTES: Final = 8
_DIGEST_MASK: Final = (1 << 8 * _DIGEST_BYTES) - 1


class Table:
    """Resources by name, with a version of the whole and a log of the names that changed last.

    ``sequence`` counts every single change, so a reader that last looked at sequence ``n`` learns
    in time proportional to the changes what is new since (:meth:`changed_since`).
    """

    __slots__ = ("_digest", "_log", "_resources", "_shared", "sequence")

    def __init__(self) -> None:
        self._resources: dict[str, Resource] = {}
        self._digest = 0
        self._log: deque[str] = deque(maxlen=_LOG_LENGTH)
        self._shared: dict[Hashable, bytes] = {}
        self.sequence = 0

    @property
    def resources(self) -> Mapping[str, Resource]:
        """The resources by name: a live view."""
        return MappingProxyType(self._resources)

    @property
    def version(self) -> str:
        """The version of the whole, from the names and versions of its resources alone.

        The same content has the same version, in whatever order and by whatever steps it came to
        be, on every replica and after every restart.
        """
        return self.version_with(())

    def version_with(self, others: Iterable[Resource]) -> str:
        """Return the version that the whole would have with ``others`` beside what it holds."""
        digest = sum(map(_fingerprint, others), self._digest) & _DIGEST_MASK
        return format(digest, f"0{2 * _DIGEST_BYTES}x")

    def changed_since(self, sequence: int) -> set[str] | None:
        """Return the names that were added, changed or removed after ``sequence``.

        None if that was too long ago for the log: the reader must compare everything.
        """
        count = self.sequence - sequence
        if count > len(self._log):
            return None
        return set(islice(reversed(self._log), count))

    def shared(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """Return what ``make`` gives, made once for all who ask with ``key`` until the next change.

        Streams of one audience mostly go from the same content to the same content, so they need
        the same bytes.
        """
        made = self._shared.get(key)
        if made is None:
            if len(self._shared) == _SHARED_LENGTH:
                del self._shared[next(iter(self._shared))]
            made = self._shared[key] = make()
        return made

    def replace(self, resources: Mapping[str, Resource]) -> bool:
        """Make ``resources`` the whole content; return whether that changed anything."""
        gone = [name for name in self._resources if name not in resources]
        return self.update(resources.values(), gone)

    def update(self, changed: Iterable[Resource], removed: Iterable[str]) -> bool:
        """Add or change some resources and remove others; return whether that changed anything."""
        before = self.sequence
        for name in removed:
            self._put(name, None)
        for resource in changed:
            self._put(resource.name, resource)
        return self.sequence != before

    def _put(self, name: str, resource: Resource | None) -> None:
        old = self._resources.get(name)
        if old is None:
            if resource is None:
                return
        elif resource is None:
            self._digest -= _fingerprint(old)
            del self._resources[name]
        elif resource.version == old.version:
            return  # The old object stays, so that its bytes are in memory once.
        else:
            self._digest -= _fingerprint(old)
        if resource is not None:
            self._digest += _fingerprint(resource)
            self._resources[name] = resource
        self._digest &= _DIGEST_MASK
        self._shared.clear()
        self._log.append(name)
        self.sequence += 1


def _fingerprint(resource: Resource) -> int:
    # Sums of fingerprints do not depend on order, and take additions and removals one by one.
    data = f"{len(resource.name)}:{resource.name}{resource.version}".encode()
    return int.from_bytes(blake2b(data, digest_size=_DIGEST_BYTES).digest(), "big")
