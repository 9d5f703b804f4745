"""The status that an object has, and the patch that makes it what it should be: pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from straightway.documents import Reference
from straightway.writeback.conditions import Raw, by_type, dated, says
from straightway.writeback.desired import OWN_FIELDS, TYPES, Desired
from straightway.writeback.facts import Address


@dataclass(frozen=True, slots=True)
class Known:
    """What an object has, as read or as the answer to what was written.

    ``conditions`` are all by type, ``own`` the fields that only our own kinds have. ``has_list``:
    the schema merges no conditions by type, so that who writes one writes all of them. ``is_ours``:
    some of the status was written by us.
    """

    uid: str = ""
    version: str = ""
    created: str = ""
    conditions: Mapping[str, Raw] = field(default_factory=dict)
    generation: str = ""
    messages: tuple[Mapping[str, Any], ...] = ()
    addresses: tuple[Address, ...] = ()
    own: Mapping[str, Any] = field(default_factory=dict)
    has_list: bool = False
    is_ours: bool = False


def known(body: Mapping[str, Any], manager: str) -> Known:
    """Return what an object has; ``manager`` is the field manager under which we write."""
    metadata, status = body.get("metadata") or {}, body.get("status") or {}
    managed = metadata.get("managedFields") or []
    return Known(
        uid=metadata.get("uid") or "",
        version=metadata.get("resourceVersion") or "",
        created=metadata.get("creationTimestamp") or "",
        conditions=by_type(status.get("conditions")),
        generation=str(status.get("observedGeneration") or ""),
        messages=tuple(status.get("validationMessages") or ()),
        addresses=tuple(_addresses(status.get("addresses"))),
        own={name: status[name] for name in OWN_FIELDS if name in status},
        has_list=any(_owns_list(each) for each in managed),
        is_ours=any(each.get("manager") == manager for each in managed),
    )


def is_satisfied(has: Known, wanted: Desired, *, with_messages: bool, with_addresses: bool) -> bool:
    """Whether an object already has what is wanted, whoever wrote it."""
    if not all(says(has.conditions.get(each.type), each) for each in wanted.conditions):
        return False
    types = {each.type for each in wanted.conditions} | wanted.kept
    if any(each in has.conditions for each in TYPES if each not in types):
        return False
    if has.generation != str(wanted.generation):
        return False
    if with_messages and has.messages != wanted.messages:
        return False
    if wanted.own not in (None, has.own):
        return False
    return not with_addresses or wanted.addresses in (None, has.addresses)


def patch(
    reference: Reference,
    api_version: str,
    has: Known,
    wanted: Desired,
    now: str,
    *,
    as_text: bool,
    with_messages: bool,
    with_addresses: bool,
) -> dict[str, Any]:
    """Return the object to apply, with the status and nothing else.

    Server-side apply removes what the same manager wrote before and leaves out now, so all of ours
    is in it. Conditions of others are left alone, or repeated where the schema has one list.
    """
    conditions: list[Raw] = [
        dated(each, has.conditions.get(each.type), now, as_text=as_text)
        for each in wanted.conditions
    ]
    conditions += [has.conditions[each] for each in wanted.kept if each in has.conditions]
    if has.has_list:
        conditions += [raw for name, raw in has.conditions.items() if name not in TYPES]
    status: dict[str, Any] = {
        "conditions": conditions,
        "observedGeneration": str(wanted.generation) if as_text else wanted.generation,
    }
    if with_messages and wanted.messages:
        status["validationMessages"] = list(wanted.messages)
    addresses = has.addresses if wanted.addresses is None else wanted.addresses
    if with_addresses and addresses:
        status["addresses"] = [each._asdict() for each in addresses]
    status |= has.own if wanted.own is None else wanted.own
    return {**nothing_of_ours(reference, api_version), "status": status}


def nothing_of_ours(reference: Reference, api_version: str) -> dict[str, Any]:
    """Return the object to apply to take all of our status away, and nothing of others'."""
    return {
        "apiVersion": api_version,
        "kind": reference.kind,
        "metadata": {"name": reference.name, "namespace": reference.namespace},
    }


def _owns_list(managed: Mapping[str, Any]) -> bool:
    """Whether a manager owns all conditions at once: the schema does not tell them apart.

    https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy
    """
    fields = (managed.get("fieldsV1") or {}).get("f:status") or {}
    return "f:conditions" in fields and not fields["f:conditions"]


def _addresses(found: object) -> Iterator[Address]:
    for each in found if isinstance(found, Iterable) else ():
        if isinstance(each, Mapping):
            yield Address(str(each.get("type")), str(each.get("value")))
