"""The catalog: the accepted objects, indexed.

It changes in place, at a cost in proportion to the change, and returns the keys whose values differ
(:mod:`straightway.catalog.keys`). What was read under any other key is unchanged. An immutable
catalog would have to copy its indexes for every change.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias

from straightway.api import ApiObject
from straightway.catalog import keys
from straightway.catalog.contributions import (
    WORKLOAD_KINDS,
    LabelKey,
    label_keys_of,
    object_keys,
    object_values,
    service_keys,
    service_values,
)
from straightway.catalog.index import Index, Move, Tally
from straightway.catalog.keys import Key
from straightway.catalog.observations import Observation
from straightway.catalog.services import RegisteredService, services_of
from straightway.documents import Reference

Changes: TypeAlias = Mapping[Reference, ApiObject | None]
Mistaken: TypeAlias = Callable[[Reference, Exception], None]

_LABELLED_KINDS = frozenset({"WorkloadEntry", "Pod"})

ROOT_NAMESPACE = "istio-system"
"""Istio's default root namespace: its objects apply to all namespaces."""


class Catalog:
    """The accepted objects, and what workloads were observed to hold.

    ``root_namespace`` is Istio's: its DestinationRules apply where no other does. ``mistaken`` is
    called with an object that cannot be indexed because of a bug; the object is ignored. By default
    the exception is raised. Translation and checks read a catalog through a
    :class:`~straightway.units.Reading`, which records what was looked up.
    """

    def __init__(
        self, root_namespace: str = ROOT_NAMESPACE, *, mistaken: Mistaken | None = None
    ) -> None:
        self.root_namespace = root_namespace
        self.mistakes = 0
        """How many objects could not be indexed because of a bug."""
        self._mistaken = mistaken or _raise
        self._objects: dict[Reference, ApiObject] = {}
        self._created: dict[Reference, float] = {}
        self._services: dict[str, RegisteredService] = {}
        self._held: dict[Reference, Mapping[str, Observation]] = {}
        self._listed: Index[Reference] = Index(self._precedence)
        self._named: Index[str] = Index(str)
        self._sets = Tally()
        self._label_keys: Counter[LabelKey] = Counter()
        # WorkloadEntries and Pods by namespace: they are listed by the labels in use there.
        self._labelled: dict[str, dict[Reference, None]] = {}

    # --- What is in it ---

    def object(self, reference: Reference) -> ApiObject | None:
        """Return an object, or None."""
        return self._objects.get(reference)

    def service(self, hostname: str) -> RegisteredService | None:
        """Return the service with a hostname, None where there is none."""
        return self._services.get(hostname)

    def objects_at(self, key: Key) -> tuple[Reference, ...]:
        """Return the objects under a key, oldest first."""
        return self._listed.get(key)

    def hostnames_at(self, key: Key) -> tuple[str, ...]:
        """Return the hostnames under a key, sorted."""
        return self._named.get(key)

    def values_at(self, key: Key) -> frozenset[Any]:
        """Return the set of what there is under a key."""
        return self._sets.get(key)

    def held(self, reference: Reference) -> Mapping[str, Observation]:
        """Return what a workload was observed to hold, by subset key."""
        return self._held.get(reference, {})

    @property
    def size(self) -> int:
        """The number of accepted objects."""
        return len(self._objects)

    @property
    def services(self) -> int:
        """The number of services."""
        return len(self._services)

    # --- Changes ---

    def change(self, changes: Changes) -> set[Key]:
        """Put objects in (None: take them out), and return the keys whose values differ."""
        workloads = {ref: item for ref, item in changes.items() if ref.kind in WORKLOAD_KINDS}
        # Services come first: they decide by which labels workloads are listed.
        changed = set[Key]()
        if len(workloads) < len(changes):
            changed |= self._change(
                {ref: item for ref, item in changes.items() if ref not in workloads}
            )
        return changed | self._change(workloads)

    def _change(self, changes: Changes) -> set[Key]:
        replaced = [each for each in map(self._replaced, changes.items()) if each is not None]
        for each in replaced:
            self._put(each.reference, each.after)
        changed: set[Key] = {each.reference for each in replaced}
        changed |= self._listed.move(move for each in replaced for move in each.moves)
        for each in replaced:
            if each.values_before or each.values_after:
                changed |= self._sets.count(each.values_before, each.values_after)
        hostnames = {hostname for each in replaced for hostname in each.hostnames}
        return changed | self._change_services(hostnames)

    def _put(self, reference: Reference, item: ApiObject | None) -> None:
        if item is None:
            del self._objects[reference]
        else:
            self._objects[reference] = item
        if item is not None and item.metadata.creation_timestamp is not None:
            self._created[reference] = item.metadata.created_at
        else:
            self._created.pop(reference, None)
        if reference.kind in _LABELLED_KINDS:
            self._put_labelled(reference, item)

    def _put_labelled(self, reference: Reference, item: ApiObject | None) -> None:
        of_namespace = self._labelled.setdefault(reference.namespace, {})
        if item is not None:
            of_namespace[reference] = None
            return
        del of_namespace[reference]
        if not of_namespace:
            del self._labelled[reference.namespace]

    def _replaced(self, change: tuple[Reference, ApiObject | None]) -> _Replaced | None:
        """Return the effect of changing an object, or None if there is none."""
        reference, after = change
        before = self._objects.get(reference)
        if after is before:
            return None
        try:
            return _Replaced.of(reference, before, after, self._label_keys)
        except Exception as mistake:  # noqa: BLE001 (the edge of our own code: told with its cause)
            self.mistakes += 1
            self._mistaken(reference, mistake)
            return None

    def observe(self, reference: Reference, held: Mapping[str, Observation]) -> set[Key]:
        """Set what a workload is observed to hold, by subset key; {} if nothing is known.

        Returns the keys whose values differ: the workload's own, if that is something else.
        """
        values = {key: observation.values for key, observation in held.items()}
        before = {key: observation.values for key, observation in self.held(reference).items()}
        if held:
            self._held[reference] = held
        else:
            self._held.pop(reference, None)
        return {reference} if values != before else set()

    def _change_services(self, hostnames: Iterable[str]) -> set[Key]:
        """Resolve hostnames again."""
        changed: set[Key] = set()
        moves = []
        label_keys = self._label_keys.copy()
        for hostname in hostnames:
            before, after = self._services.get(hostname), self._registered(hostname)
            if before == after:
                continue
            changed.add(keys.service(hostname))
            if after is None:
                del self._services[hostname]
            else:
                self._services[hostname] = after
            moves.append(Move(hostname, service_keys(before), service_keys(after)))
            changed |= self._sets.count(service_values(before), service_values(after))
            label_keys.subtract(label_keys_of(before))
            label_keys.update(label_keys_of(after))
        if moves:
            changed |= self._named.move(moves) | self._relabel(+label_keys)
        return changed

    def _registered(self, hostname: str) -> RegisteredService | None:
        """Return the service of the oldest object that claims a hostname; a Service goes first."""
        claiming = self._listed.get(keys.claiming(hostname))
        for reference in sorted(claiming, key=lambda each: each.kind != "Service"):
            for service in services_of(self._objects[reference]):
                if service.hostname == hostname:
                    return service
        return None

    def _relabel(self, label_keys: Counter[LabelKey]) -> set[Key]:
        """List workloads under the labels by which services select them, and no others."""
        before, self._label_keys = self._label_keys, label_keys
        namespaces = {namespace for namespace, _ in before.keys() ^ label_keys.keys()}
        workloads = (each for name in namespaces for each in self._labelled.get(name, ()))
        return self._listed.move(
            Move(each, object_keys(item, before), object_keys(item, label_keys))
            for each in workloads
            if (item := self._objects[each])
        )

    def _precedence(self, reference: Reference) -> tuple[float, str, str, str]:
        age = self._created.get(reference, math.inf)
        return (age, reference.namespace, reference.name, reference.kind)


class _Replaced(NamedTuple):
    """The effect of one object's change on the indexes."""

    reference: Reference
    after: ApiObject | None
    moves: list[Move]
    values_before: tuple[tuple[Key, object], ...] = ()
    values_after: tuple[tuple[Key, object], ...] = ()
    hostnames: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        reference: Reference,
        before: ApiObject | None,
        after: ApiObject | None,
        label_keys: Container[LabelKey],
    ) -> _Replaced:
        was, now = object_keys(before, label_keys), object_keys(after, label_keys)
        moves = [Move(reference, was, now)]
        if before and after and before.metadata.created_at != after.metadata.created_at:
            # Its position in every list changes.
            moves = [Move(reference, was, frozenset()), Move(reference, frozenset(), now)]
        if reference.kind in WORKLOAD_KINDS:
            return cls(reference, after, moves)
        items = [item for item in (before, after) if item is not None]
        return cls(
            reference,
            after,
            moves,
            tuple(object_values(before)),
            tuple(object_values(after)),
            tuple(service.hostname for item in items for service in services_of(item)),
        )


def _raise(_reference: Reference, mistake: Exception) -> None:
    raise mistake
