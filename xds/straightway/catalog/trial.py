"""A catalog as it would be with one more object: for answers to "what if", which change nothing."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from straightway.api import ApiObject
from straightway.catalog import keys
from straightway.catalog.catalog import Catalog
from straightway.catalog.contributions import (
    object_keys,
    object_values,
    service_keys,
    service_values,
)
from straightway.catalog.keys import Key
from straightway.catalog.observations import Observation
from straightway.catalog.services import RegisteredService, services_of
from straightway.documents import Reference


class Trial(Catalog):
    """Another catalog with an object in it, in place of the one of that name if there is one.

    It reads the other catalog, which stays as it is; the cost is that of the object. Workloads are
    listed by the labels that services in force select by, not by those of a new Service.
    """

    def __init__(self, catalog: Catalog, item: ApiObject) -> None:
        super().__init__(catalog.root_namespace)
        self._base = catalog
        self._item = item
        self._reference = item.reference
        before = catalog.object(self._reference)
        labels = catalog._label_keys
        self._left, self._come = object_keys(before, labels), object_keys(item, labels)
        self._resolved: dict[str, RegisteredService | None] = {}
        self._hostnames_left: dict[Key, set[str]] = {}
        self._hostnames_come: dict[Key, set[str]] = {}
        self._counted: dict[Key, Counter[Any]] = {}
        self._count(object_values(before), -1)
        self._count(object_values(item), 1)
        for source in (before, item):
            for service in services_of(source) if source is not None else ():
                self._resolve(service.hostname)

    @property
    def changed(self) -> frozenset[Key]:
        """The keys whose values may differ; all others have those of the other catalog."""
        services = map(keys.service, self._resolved)
        hostnames = self._hostnames_left.keys() | self._hostnames_come.keys()
        return frozenset(
            {self._reference, *services, *hostnames, *self._left, *self._come, *self._counted}
        )

    # --- What is in it ---

    def object(self, reference: Reference) -> ApiObject | None:
        """Return an object, or None."""
        return self._item if reference == self._reference else self._base.object(reference)

    def service(self, hostname: str) -> RegisteredService | None:
        """Return the service with a hostname, None where there is none."""
        if hostname in self._resolved:
            return self._resolved[hostname]
        return self._base.service(hostname)

    def objects_at(self, key: Key) -> tuple[Reference, ...]:
        """Return the objects under a key, oldest first."""
        found = self._base.objects_at(key)
        if key not in self._left and key not in self._come:
            return found
        others = [each for each in found if each != self._reference]
        if key in self._come:
            others.append(self._reference)
        return tuple(sorted(others, key=self._precedence))

    def hostnames_at(self, key: Key) -> tuple[str, ...]:
        """Return the hostnames under a key, sorted."""
        found = self._base.hostnames_at(key)
        left, come = self._hostnames_left.get(key), self._hostnames_come.get(key)
        if left is None and come is None:
            return found
        return tuple(sorted({each for each in found if each not in (left or ())} | (come or set())))

    def values_at(self, key: Key) -> frozenset[Any]:
        """Return the set of what there is under a key."""
        counted = self._counted.get(key)
        if counted is None:
            return self._base.values_at(key)
        counts = Counter(self._base._sets.counts(key))
        counts.update(counted)
        return frozenset(+counts)

    def held(self, reference: Reference) -> Mapping[str, Observation]:
        """Return what a workload was observed to hold, by subset key."""
        return self._base.held(reference)

    # --- What differs ---

    def _resolve(self, hostname: str) -> None:
        if hostname in self._resolved:
            return
        before, after = self._base.service(hostname), self._registered(hostname)
        self._resolved[hostname] = after
        for key in service_keys(before):
            self._hostnames_left.setdefault(key, set()).add(hostname)
        for key in service_keys(after):
            self._hostnames_come.setdefault(key, set()).add(hostname)
        self._count(service_values(before), -1)
        self._count(service_values(after), 1)

    def _count(self, values: Iterable[tuple[Key, Any]], step: int) -> None:
        for key, value in values:
            self._counted.setdefault(key, Counter())[value] += step

    def _precedence(self, reference: Reference) -> tuple[float, str, str, str]:
        if reference != self._reference:
            return self._base._precedence(reference)
        created = self._item.metadata.created_at
        age = created if self._item.metadata.creation_timestamp is not None else math.inf
        return (age, reference.namespace, reference.name, reference.kind)
