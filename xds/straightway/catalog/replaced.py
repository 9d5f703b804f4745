"""What a change of one object, or service, does to the catalog's indexes.

It is worked out before anything is changed: whatever the objects may raise, because of a bug,
leaves the indexes as they are.
"""

from __future__ import annotations

from collections.abc import Container
from typing import NamedTuple

from straightway.api import ApiObject
from straightway.catalog.contributions import (
    WORKLOAD_KINDS,
    LabelKey,
    label_keys_in,
    label_keys_of,
    object_keys,
    object_values,
    service_keys,
    service_values,
)
from straightway.catalog.index import Move
from straightway.catalog.keys import Key
from straightway.catalog.services import RegisteredService, services_of
from straightway.documents import Reference


class Replaced(NamedTuple):
    """The effect of one object's change on the indexes.

    ``created`` is when the object was created (POSIX seconds), None if unknown or if it is gone.
    """

    reference: Reference
    after: ApiObject | None
    moves: list[Move]
    created: float | None = None
    values_before: tuple[tuple[Key, object], ...] = ()
    values_after: tuple[tuple[Key, object], ...] = ()
    hostnames: tuple[str, ...] = ()
    label_keys_before: tuple[LabelKey, ...] = ()
    label_keys_after: tuple[LabelKey, ...] = ()

    @classmethod
    def of(
        cls,
        reference: Reference,
        before: ApiObject | None,
        after: ApiObject | None,
        label_keys: Container[LabelKey],
    ) -> Replaced:
        """Return the effect of a change."""
        was, now = object_keys(before, label_keys), object_keys(after, label_keys)
        created = _created(after)
        moves = [Move(reference, was, now)]
        if before and after and _created(before) != created:
            # Its position in every list changes.
            moves = [Move(reference, was, frozenset()), Move(reference, frozenset(), now)]
        if reference.kind in WORKLOAD_KINDS:
            return cls(reference, after, moves, created)
        items = [item for item in (before, after) if item is not None]
        values_before, values_after = tuple(object_values(before)), tuple(object_values(after))
        hash((values_before, values_after))  # As the index will.
        hostnames = tuple(service.hostname for item in items for service in services_of(item))
        return cls(
            reference,
            after,
            moves,
            created,
            values_before,
            values_after,
            hostnames,
            tuple(label_keys_in(before)),
            tuple(label_keys_in(after)),
        )


class Resolved(NamedTuple):
    """The effect on the indexes of a hostname that now stands for another service, or for none."""

    after: RegisteredService | None
    keys_before: frozenset[Key]
    keys_after: frozenset[Key]
    values_before: tuple[tuple[Key, object], ...]
    values_after: tuple[tuple[Key, object], ...]
    label_keys_before: tuple[LabelKey, ...]
    label_keys_after: tuple[LabelKey, ...]

    @classmethod
    def of(
        cls, before: RegisteredService | None, after: RegisteredService | None
    ) -> Resolved | None:
        """Return the effect of a change; None if there is none."""
        if before == after:
            return None
        values_before, values_after = tuple(service_values(before)), tuple(service_values(after))
        hash((values_before, values_after))
        return cls(
            after,
            service_keys(before),
            service_keys(after),
            values_before,
            values_after,
            tuple(label_keys_of(before)),
            tuple(label_keys_of(after)),
        )


def _created(item: ApiObject | None) -> float | None:
    if item is None or item.metadata.creation_timestamp is None:
        return None
    return item.metadata.created_at
