"""The resources of one type for one audience, and what changed in them of late."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from hashlib import blake2b
from types import MappingProxyType
from typing import Final

from straightway.discovery.resources import Resource

_SHARED_LENGTH: Final = 8
_DIGEST_BYTES: Final = 8
_DIGEST_MASK: Final = (1 << 8 * _DIGEST_BYTES) - 1


class Change:
    """One change of a table: the name, what it stood for before, and the next change.

    A reader keeps the last change that it has seen, and so everything that came after it. Changes
    that every reader has seen are gone: nothing refers to them any more.
    """

    __slots__ = ("before", "name", "next")

    def __init__(self, name: str, before: Resource | None) -> None:
        self.name = name
        self.before = before
        self.next: Change | None = None

    def later(self) -> Iterator[Change]:
        """Return the changes after this one, from the earliest on."""
        change = self.next
        while change is not None:
            yield change
            change = change.next


class Table:
    """Resources by name, with a version of the whole.

    ``last_change`` is where a reader that has seen everything goes on from, in time proportional
    to what changes.
    """

    __slots__ = ("_digest", "_resources", "_shared", "last_change", "resources")

    def __init__(self) -> None:
        self._resources: dict[str, Resource] = {}
        self._digest = 0
        self._shared: dict[Hashable, bytes] = {}
        self.resources: Mapping[str, Resource] = MappingProxyType(self._resources)
        self.last_change = Change("", None)

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
        before = self.last_change
        for name in removed:
            self._put(name, None)
        for resource in changed:
            self._put(resource.name, resource)
        return self.last_change is not before

    def _put(self, name: str, resource: Resource | None) -> None:
        before = self._resources.get(name)
        if before is None and resource is None:
            return
        if before is not None and resource is not None and before.version == resource.version:
            return  # The old object stays, so that its bytes are in memory once.
        if before is not None:
            self._digest -= _fingerprint(before)
            del self._resources[name]
        if resource is not None:
            self._digest += _fingerprint(resource)
            self._resources[name] = resource
        self._digest &= _DIGEST_MASK
        self._shared.clear()
        change = Change(name, before)
        self.last_change.next = change
        self.last_change = change


def _fingerprint(resource: Resource) -> int:
    # Sums of fingerprints do not depend on order, and take additions and removals one by one.
    data = f"{len(resource.name)}:{resource.name}{resource.version}".encode()
    return int.from_bytes(blake2b(data, digest_size=_DIGEST_BYTES).digest(), "big")
