"""The catalog: the accepted objects, indexed.

It changes in place, at a cost in proportion to the change, and returns the keys whose values differ
(:mod:`straightway.catalog.keys`). What was read under any other key is unchanged. An immutable
catalog would have to copy its indexes for every change.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any, TypeAlias

from straightway.api import ApiObject
from straightway.catalog import keys
from straightway.catalog.contributions import (
    WORKLOAD_KINDS,
    LabelKey,
    object_keys,
)
from straightway.catalog.index import Index, Move, Tally
from straightway.catalog.keys import Key
from straightway.catalog.observations import Observation
from straightway.catalog.replaced import Replaced, Resolved
from straightway.catalog.services import RegisteredService, services_of
from straightway.documents import Reference, Steps, at_once

Changes: TypeAlias = Mapping[Reference, ApiObject | None]
Mistaken: TypeAlias = Callable[[Reference, Exception], None]

_LABELLED_KINDS = frozenset({"WorkloadEntry", "Pod"})
_NOTHING: Mapping[str, Observation] = {}
_BATCH = 64
"""How many workloads are listed anew in one step."""

ROOT_NAMESPACE = "istio-system"
"""Istio's default root namespace: its objects apply to all namespaces."""


class Catalog:
    """The accepted objects, and what workloads were observed to hold.

    ``root_namespace`` is Istio's: its DestinationRules apply where no other does. ``mistaken`` is
    called with an object that cannot be indexed because of a bug; the object stays as it was. By
    default the exception is raised. Translation and checks read a catalog through a
    :class:`~straightway.units.Reading`, which records what was looked up.
    """

    def __init__(
        self, root_namespace: str = ROOT_NAMESPACE, *, mistaken: Mistaken | None = None
    ) -> None:
        self.root_namespace = root_namespace
        self.asks_for_secrets = False
        """Whether Secrets that are missing are asked for, so that it will be known."""
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
        return self._held.get(reference, _NOTHING)

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
        return at_once(self.changing(changes))

    def changing(self, changes: Changes) -> Steps[set[Key]]:
        """Do the same in steps. Until the last of them, the catalog must not be changed otherwise.

        Many workloads are listed anew, step by step, when a service is the first to select by a
        label; everything else is one step.
        """
        workloads = {ref: item for ref, item in changes.items() if ref.kind in WORKLOAD_KINDS}
        # Services come first: they decide by which labels workloads are listed.
        changed = set[Key]()
        if len(workloads) < len(changes):
            changed |= yield from self._change(
                {ref: item for ref, item in changes.items() if ref not in workloads}
            )
        return changed | (yield from self._change(workloads))

    def _change(self, changes: Changes) -> Steps[set[Key]]:
        replaced = [each for each in map(self._replaced, changes.items()) if each is not None]
        for each in replaced:
            self._put(each)
        changed: set[Key] = {each.reference for each in replaced}
        changed |= self._listed.move(move for each in replaced for move in each.moves)
        for each in replaced:
            if each.values_before or each.values_after:
                changed |= self._sets.count(each.values_before, each.values_after)
        label_keys = self._label_keys.copy()
        for each in replaced:
            label_keys.subtract(each.label_keys_before)
            label_keys.update(each.label_keys_after)
        hostnames = dict.fromkeys(hostname for each in replaced for hostname in each.hostnames)
        if hostnames:
            changed |= self._change_services(hostnames, label_keys)
        label_keys = +label_keys
        if label_keys != self._label_keys:
            changed |= yield from self._relabel(label_keys)
        return changed

    def _put(self, change: Replaced) -> None:
        reference, item = change.reference, change.after
        if item is None:
            del self._objects[reference]
        else:
            self._objects[reference] = item
        if change.created is not None:
            self._created[reference] = change.created
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

    def _replaced(self, change: tuple[Reference, ApiObject | None]) -> Replaced | None:
        """Return the effect of changing an object, or None if there is none."""
        reference, after = change
        before = self._objects.get(reference)
        if after is before:
            return None
        try:
            return Replaced.of(reference, before, after, self._label_keys)
        except Exception as mistake:  # noqa: BLE001 (the edge of our own code: told with its cause)
            self._tell(reference, mistake)
            return None

    def _tell(self, reference: Reference, mistake: Exception) -> None:
        self.mistakes += 1
        self._mistaken(reference, mistake)

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

    def _change_services(self, hostnames: Iterable[str], label_keys: Counter[LabelKey]) -> set[Key]:
        """Resolve hostnames again, and count the labels by which their services select."""
        changed: set[Key] = set()
        moves: list[Move] = []
        for hostname in hostnames:
            before = self._services.get(hostname)
            try:
                resolved = Resolved.of(before, self._registered(hostname))
            except Exception as mistake:  # noqa: BLE001 (the edge of our own code: told with its cause)
                claiming = self._listed.get(keys.claiming(hostname))
                self._tell(claiming[0] if before is None else before.source, mistake)
                continue  # The service stays as it was.
            if resolved is None:
                continue
            changed.add(keys.service(hostname))
            if resolved.after is None:
                del self._services[hostname]
            else:
                self._services[hostname] = resolved.after
            moves.append(Move(hostname, resolved.keys_before, resolved.keys_after))
            changed |= self._sets.count(resolved.values_before, resolved.values_after)
            label_keys.subtract(resolved.label_keys_before)
            label_keys.update(resolved.label_keys_after)
        if moves:
            changed |= self._named.move(moves)
        return changed

    def _registered(self, hostname: str) -> RegisteredService | None:
        """Return the service of the oldest object that claims a hostname; a Service goes first."""
        claiming = self.objects_at(keys.claiming(hostname))
        for reference in sorted(claiming, key=lambda each: each.kind != "Service"):
            item = self.object(reference)
            for service in services_of(item) if item is not None else ():
                if service.hostname == hostname:
                    return service
        return None

    def _relabel(self, label_keys: Counter[LabelKey]) -> Steps[set[Key]]:
        """List workloads under the labels by which services select them, and no others."""
        before, self._label_keys = self._label_keys, label_keys
        changed: set[Key] = set()
        for namespace in {name: None for name, _ in before.keys() ^ label_keys.keys()}:
            workloads = tuple(self._labelled.get(namespace, ()))
            for start in range(0, len(workloads), _BATCH):
                some = workloads[start : start + _BATCH]
                moves = [self._relabelled(each, before, label_keys) for each in some]
                changed |= self._listed.move(move for move in moves if move is not None)
                yield
        return changed

    def _relabelled(
        self, reference: Reference, before: Container[LabelKey], after: Container[LabelKey]
    ) -> Move | None:
        item = self._objects[reference]
        try:
            return Move(reference, object_keys(item, before), object_keys(item, after))
        except Exception as mistake:  # noqa: BLE001 (the edge of our own code: told with its cause)
            self._tell(reference, mistake)
            return None

    def _precedence(self, reference: Reference) -> tuple[float, str, str, str]:
        age = self._created.get(reference, math.inf)
        return (age, reference.namespace, reference.name, reference.kind)


def _raise(_reference: Reference, mistake: Exception) -> None:
    raise mistake
