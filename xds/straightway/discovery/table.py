"""The resources of one type for one audience, and their recent changes."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeVar

from straightway.discovery.resources import Resource, encode_held

_T = TypeVar("_T")

_SHARED_LENGTH: Final = 16
_DIGEST_BYTES: Final = 8
_DIGEST_MASK: Final = (1 << 8 * _DIGEST_BYTES) - 1


class Held(NamedTuple):
    """The encoded entries that a reconnecting client sends if it holds the current resources.

    By name, and all together. See :mod:`straightway.discovery.requests`.
    """

    by_name: Mapping[str, bytes]
    entries: frozenset[bytes]


class Change:
    """One change of a table: the name, what it resolved to before, and the next change.

    ``serial`` numbers the changes of a table. ``is_alias`` distinguishes the change of an alias
    from that of a resource's own name.

    A reader keeps the last change that it has seen, and so all later ones. Changes that every
    reader has seen are freed: nothing refers to them any more.
    """

    __slots__ = ("before", "is_alias", "name", "next", "serial")

    def __init__(
        self, serial: int, name: str, before: Resource | None, *, is_alias: bool = False
    ) -> None:
        self.serial = serial
        self.name = name
        self.before = before
        self.is_alias = is_alias
        self.next: Change | None = None

    def later(self) -> Iterator[Change]:
        """Return the changes after this one, earliest first."""
        change = self.next
        while change is not None:
            yield change
            change = change.next


class Table:
    """Resources by name, with a version for all of them.

    ``expiring`` are those that have a TTL.

    ``last_change`` is where a reader that has seen everything continues, in time proportional to
    the changes.
    """

    __slots__ = (
        "_aliases",
        "_digest",
        "_held",
        "_named_version",
        "_resources",
        "_shared",
        "expiring",
        "last_change",
        "resources",
    )

    def __init__(self, resources: Iterable[Resource] = ()) -> None:
        """Start with ``resources``; of several with the same name the last wins.

        There are no readers yet, so no changes are recorded: many audiences may come and go.
        """
        self._resources = {resource.name: resource for resource in resources}
        # By alias, the resources that claim it, by name. The last wins; after it, the one before.
        self._aliases: dict[str, dict[str, Resource]] = {}
        self._digest = 0  # A sum: it supports additions and removals one by one, in any order.
        self._named_version = ""
        self._shared: dict[Hashable, Any] = {}
        self._held: Held | None = None
        self.resources: Mapping[str, Resource] = MappingProxyType(self._resources)
        self.expiring: dict[str, Resource] = {}
        self.last_change = Change(0, "", None)
        for resource in self._resources.values():
            self._digest += resource.fingerprint
            if resource.aliases or resource.ttl is not None:
                self._index(resource)
        self._digest &= _DIGEST_MASK

    @property
    def version(self) -> str:
        """The version of all resources: the one given to :meth:`name_version`, or a digest.

        The digest covers only the names and versions of the resources. It is the same for the same
        content, whatever its order and history, on every replica and after every restart.
        """
        return self._named_version or self.version_with(())

    def name_version(self, version: str) -> None:
        """Set the version of the current content; empty for the digest."""
        if version != self._named_version:
            self._named_version = version
            self._shared.clear()

    def version_with(self, others: Iterable[Resource]) -> str:
        """Return the digest of all resources together with ``others``."""
        digest = sum((each.fingerprint for each in others), self._digest) & _DIGEST_MASK
        return format(digest, f"0{2 * _DIGEST_BYTES}x")

    @property
    def held(self) -> Held:
        """What a client says that holds everything; valid until the next change."""
        if self._held is None:
            by_name = {n: encode_held(n, r.version) for n, r in self._resources.items()}
            self._held = Held(by_name, frozenset(by_name.values()))
        return self._held

    @property
    def has_aliases(self) -> bool:
        """Whether any resource has an alias."""
        return bool(self._aliases)

    @property
    def find(self) -> Callable[[str], Resource | None]:
        """The lookup of a resource by its name or, if none has that name, by an alias."""
        return self._find if self._aliases else self._resources.get

    def shared(self, key: Hashable, make: Callable[[], _T]) -> _T:
        """Return the result of ``make``, cached under ``key`` until the next change.

        Streams of one audience usually move from the same content to the same content, so they need
        the same plan and the same bytes. None is not cached.
        """
        made: _T | None = self._shared.get(key)
        if made is None:
            made = make()
            if len(self._shared) == _SHARED_LENGTH:
                del self._shared[next(iter(self._shared))]
            self._shared[key] = made
        return made

    def replace(self, resources: Mapping[str, Resource]) -> bool:
        """Replace the content with ``resources``; return whether that changed anything."""
        gone = [name for name in self._resources if name not in resources]
        return self.update(resources.values(), gone)

    def update(self, changed: Iterable[Resource], removed: Iterable[str]) -> bool:
        """Add or change some resources and remove others; return whether that changed anything."""
        before = self.last_change
        for name in removed:
            self._put(name, None)
        held = self._resources.get
        for resource in changed:
            if held(resource.name) is not resource:
                self._put(resource.name, resource)
        return self.last_change is not before

    def _find(self, name: str) -> Resource | None:
        resource = self._resources.get(name)
        if resource is None and (claimants := self._aliases.get(name)):
            resource = next(reversed(claimants.values()))
        return resource

    def _put(self, name: str, resource: Resource | None) -> None:
        before = self._resources.get(name)
        if before is None and resource is None:
            return
        if before is not None and resource is not None and _is_same(before, resource):
            return  # The old object stays, so that its bytes are in memory once.
        # What a name or alias resolved to, if that may change.
        aliases = {
            alias: self.find(alias)
            for each in (before, resource)
            if each is not None
            for alias in each.aliases
            if alias != name
        }
        if before is None and name in self._aliases:
            aliases[name] = self.find(name)
        if before is not None:
            self._drop(before)
        if resource is not None:
            self._add(resource)
        self._digest &= _DIGEST_MASK
        self._shared.clear()
        self._held = None
        for alias, stood_for in aliases.items():
            if self.find(alias) is not stood_for:
                self._note(alias, stood_for, is_alias=True)
        self._note(name, before)

    def _add(self, resource: Resource) -> None:
        self._digest += resource.fingerprint
        self._resources[resource.name] = resource
        self._index(resource)

    def _index(self, resource: Resource) -> None:
        for alias in resource.aliases:
            self._aliases.setdefault(alias, {})[resource.name] = resource
        if resource.ttl is not None:
            self.expiring[resource.name] = resource

    def _drop(self, resource: Resource) -> None:
        self._digest -= resource.fingerprint
        del self._resources[resource.name]
        for alias in resource.aliases:
            claimants = self._aliases.get(alias, {})
            claimants.pop(resource.name, None)
            if not claimants:
                self._aliases.pop(alias, None)
        self.expiring.pop(resource.name, None)

    def _note(self, name: str, before: Resource | None, *, is_alias: bool = False) -> None:
        change = Change(self.last_change.serial + 1, name, before, is_alias=is_alias)
        self.last_change.next = change
        self.last_change = change


def _is_same(one: Resource, other: Resource) -> bool:
    return one.version == other.version and one.ttl == other.ttl
