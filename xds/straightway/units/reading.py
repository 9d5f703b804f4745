"""Reading: the view of the catalog that records each lookup, whether or not it finds anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, TypeVarTuple

from straightway.api import ApiObject
from straightway.catalog import Catalog, Key, Observation, RegisteredService, keys
from straightway.documents import Reference
from straightway.units.node import Call, Node, NotMadeError

Object = TypeVar("Object", bound=ApiObject)
T = TypeVar("T")
Args = TypeVarTuple("Args")


class Reading:
    """What one unit reads: keys of the catalog, and other units.

    A unit's function must read everything through this, so that no dependency is missed.
    """

    __slots__ = ("_catalog", "_use", "keys", "uses")

    def __init__(self, catalog: Catalog, use: Callable[[Call], Node]) -> None:
        self._catalog = catalog
        self._use = use
        self.keys: set[Key] = set()
        self.uses: dict[Node, None] = {}

    @property
    def root_namespace(self) -> str:
        """Istio's root namespace; it never changes."""
        return self._catalog.root_namespace

    @property
    def asks_for_secrets(self) -> bool:
        """Whether Secrets that are missing are asked for; it never changes."""
        return self._catalog.asks_for_secrets

    def object(self, kind: type[Object], reference: Reference) -> Object | None:
        """Return an object, or None if there is none of this kind."""
        self.keys.add(reference)
        item = self._catalog.object(reference)
        return item if isinstance(item, kind) else None

    def objects(self, key: Key) -> tuple[Reference, ...]:
        """Return the objects under a key, oldest first."""
        self.keys.add(key)
        return self._catalog.objects_at(key)

    def service(self, hostname: str) -> RegisteredService | None:
        """Return the service with a hostname, or None."""
        self.keys.add(keys.service(hostname))
        return self._catalog.service(hostname)

    def hostnames(self, key: Key) -> tuple[str, ...]:
        """Return the hostnames of the services under a key, sorted."""
        self.keys.add(key)
        return self._catalog.hostnames_at(key)

    def values(self, key: Key) -> frozenset[Any]:
        """Return the set of values under a key."""
        self.keys.add(key)
        return self._catalog.values_at(key)

    def held(self, reference: Reference) -> Mapping[str, Observation]:
        """Return what a workload was observed to hold, by subset key."""
        self.keys.add(reference)
        return self._catalog.held(reference)

    def make(self, function: Callable[[Reading, *Args], T], *args: *Args) -> T:
        """Return the value of a unit for these arguments, which must be hashable.

        Raises NotMadeError if it has no value because of a bug.
        """
        value: T = self.value(Call(function, args))
        return value

    def value(self, call: Call) -> Any:
        """Return the value of a unit that is identified by its call, like :meth:`make`."""
        node = self._use(call)
        self.uses[node] = None
        return node.get()

    def value_or_none(self, call: Call) -> Any:
        """Return the value of a unit, or None, so that the caller can do without it."""
        try:
            return self.value(call)
        except NotMadeError:
            return None
