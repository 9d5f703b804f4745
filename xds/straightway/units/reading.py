"""Reading: the view of the catalog that notes what was asked for, found or not."""

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

    Whatever a unit's function looks at, it has to look at through this: then nothing that it
    depends on can be forgotten.
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

    def object(self, kind: type[Object], reference: Reference) -> Object | None:
        """Return an object, or None where there is none of this kind."""
        self.keys.add(reference)
        item = self._catalog.object(reference)
        return item if isinstance(item, kind) else None

    def objects(self, key: Key) -> tuple[Reference, ...]:
        """Return the objects that stand under a key, oldest first."""
        self.keys.add(key)
        return self._catalog.objects_at(key)

    def service(self, hostname: str) -> RegisteredService | None:
        """Return the service with a hostname, None where there is none."""
        self.keys.add(keys.service(hostname))
        return self._catalog.service(hostname)

    def hostnames(self, key: Key) -> tuple[str, ...]:
        """Return the hostnames of the services that stand under a key, sorted."""
        self.keys.add(key)
        return self._catalog.hostnames_at(key)

    def values(self, key: Key) -> frozenset[Any]:
        """Return the set of what there is under a key."""
        self.keys.add(key)
        return self._catalog.values_at(key)

    def held(self, reference: Reference) -> Mapping[str, Observation]:
        """Return what a workload was observed to hold, by subset key."""
        self.keys.add(reference)
        return self._catalog.held(reference)

    def make(self, function: Callable[[Reading, *Args], T], *args: *Args) -> T:
        """Return what a unit makes of these arguments, which must be hashable.

        Raises NotMadeError if it has never been made, for a mistake of ours.
        """
        value: T = self.value(Call(function, args))
        return value

    def value(self, call: Call) -> Any:
        """Return the value of a unit that is named by its call, as :meth:`make` does."""
        node = self._use(call)
        self.uses[node] = None
        return node.get()

    def value_or_none(self, call: Call) -> Any:
        """Return the value of a unit; None if it has none, so that others need not do without."""
        try:
            return self.value(call)
        except NotMadeError:
            return None
