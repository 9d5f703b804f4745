"""The cache: the snapshot of each audience of Envoys, and its watchers."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, KeysView, Mapping
from types import MappingProxyType
from typing import Final

from straightway.discovery.resources import Resource
from straightway.discovery.table import Table

Changes = tuple[Iterable[Resource], Iterable[str]]
"""Resources that were added or changed, and the names of those that were removed."""

_NOTHING: Final[Mapping[str, Resource]] = MappingProxyType({})
_NO_VERSIONS: Final[Mapping[str, str]] = MappingProxyType({})


class Cache:
    """Snapshots of resources by audience key and type URL.

    It belongs to one event loop and takes no locks: call it from there only. A snapshot changes
    atomically between two awaits, and streams are woken afterwards, so none sees half of a change.

    A key that was never set has no snapshot. Its streams wait and are sent nothing: an empty
    response would delete an Envoy's config while the control plane is still starting.
    """

    def __init__(self) -> None:
        self._snapshots: dict[Hashable, dict[str, Table]] = {}
        self._watchers: dict[Hashable, set[Callable[[], None]]] = {}

    def __contains__(self, key: Hashable) -> bool:
        return key in self._snapshots

    def keys(self) -> KeysView[Hashable]:
        """Return the keys that have a snapshot."""
        return self._snapshots.keys()

    def get(self, key: Hashable, type_url: str) -> Mapping[str, Resource]:
        """Return a live view of the resources of one type by name, which may be empty."""
        table = self._snapshots.get(key, {}).get(type_url)
        return _NOTHING if table is None else table.resources

    def set(
        self,
        key: Hashable,
        resources: Mapping[str, Iterable[Resource]],
        *,
        versions: Mapping[str, str] = _NO_VERSIONS,
    ) -> None:
        """Make ``resources``, by type URL, the whole snapshot of ``key``.

        A type that is not in it becomes empty. A resource with an unchanged version keeps its old
        object; if nothing has changed, no stream is woken. Of two resources of one type with the
        same name the later one wins.

        ``versions`` are those of whole types, by type URL, as carried by responses:
        ``version_info``, and in delta ``system_version_info``. The default is a digest. A new
        version of unchanged content is not sent on its own; it goes with the next response.
        """
        tables = self._snapshots.get(key)
        if tables is None:
            tables = {url: Table(of_type) for url, of_type in resources.items()}
            self._snapshots[key] = tables
            _name_versions(tables, tables, versions)
            self._wake(key)
            return
        named = {
            type_url: {resource.name: resource for resource in of_type}
            for type_url, of_type in resources.items()
        }
        changed = [
            tables.setdefault(url, Table()).replace(of_type) for url, of_type in named.items()
        ]
        changed += [tables[url].replace({}) for url in tables.keys() - named.keys()]
        _name_versions(tables, tables, versions)
        if any(changed):
            self._wake(key)

    def update(
        self,
        key: Hashable,
        changes: Mapping[str, Changes],
        *,
        versions: Mapping[str, str] = _NO_VERSIONS,
    ) -> None:
        """Change some resources of a snapshot, at a cost proportional to the change.

        ``changes`` gives by type URL what was added or changed, and the names that were removed
        (names that do not exist are no error). ``versions`` are as for :meth:`set`, of the types in
        ``changes``.

        Raises KeyError if ``key`` has no snapshot: a part must not be taken for the whole.
        """
        tables = self._snapshots[key]
        listed = {url: (list(added), list(gone)) for url, (added, gone) in changes.items()}
        changed = [
            tables.setdefault(url, Table()).update(added, gone)
            for url, (added, gone) in listed.items()
        ]
        _name_versions(tables, listed, versions)
        if any(changed):
            self._wake(key)

    def drop(self, key: Hashable) -> None:
        """Remove a key. Its streams, if any, keep what they have and wait for the next snapshot."""
        self._snapshots.pop(key, None)

    def tables(self, key: Hashable) -> Mapping[str, Table] | None:
        """Return the tables of a snapshot by type URL; None if ``key`` has no snapshot."""
        return self._snapshots.get(key)

    def watch(self, key: Hashable, wake: Callable[[], None]) -> None:
        """Call ``wake`` after every change of ``key``, until :meth:`unwatch`."""
        self._watchers.setdefault(key, set()).add(wake)

    def unwatch(self, key: Hashable, wake: Callable[[], None]) -> None:
        """Stop calling ``wake``."""
        watchers = self._watchers.get(key, set())
        watchers.discard(wake)
        if not watchers:
            self._watchers.pop(key, None)

    def watchers(self, key: Hashable) -> int:
        """Return the number of watchers of ``key``."""
        return len(self._watchers.get(key, ()))

    def _wake(self, key: Hashable) -> None:
        for wake in tuple(self._watchers.get(key, ())):
            wake()


def _name_versions(
    tables: Mapping[str, Table], type_urls: Iterable[str], versions: Mapping[str, str]
) -> None:
    for type_url in type_urls:
        tables[type_url].name_version(versions.get(type_url, ""))
