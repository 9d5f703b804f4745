"""Origins: the objects that a resource was made from, as recorded by its units."""

from __future__ import annotations

import re
from collections.abc import Iterator

from straightway.discovery import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    ROUTE_CONFIGURATION,
    Resource,
)
from straightway.documents import Reference
from straightway.proxies.audience import Audience
from straightway.snapshots.audiences import snapshot_of
from straightway.snapshots.routes import EncodedHosts, Routes
from straightway.snapshots.snapshot import Snapshot
from straightway.units import Call, Units


def origins_of(
    units: Units, audience: Audience, type_url: str, name: str, words: str = ""
) -> set[Reference]:
    """Return the objects that a resource of an audience was made from.

    ``words`` are Envoy's error message if it has rejected the resource. If they name virtual hosts,
    only the objects behind these are returned.
    """
    found: set[Reference] = set()
    for call in _calls(units, audience, type_url, name):
        below = list(units.below(call))
        named = [node for node in below if _is_named(node.value, words)]
        for node in named:
            found |= _objects(units, node.call)
        if not named:
            found |= _objects(units, call)
    return found


def _calls(units: Units, audience: Audience, type_url: str, name: str) -> Iterator[Call]:
    root = Call(snapshot_of, (audience,))
    snapshot = units.get_or_none(root)
    if not isinstance(snapshot, Snapshot):
        return
    if type_url == CLUSTER_LOAD_ASSIGNMENT:
        for call in snapshot.assignments:
            resource = units.get_or_none(call)
            if resource is not None and resource.name == name:
                yield call
        return
    of_type = _of_type(snapshot, type_url)
    for node in units.below(root):
        made = node.value.resource if isinstance(node.value, Routes) else node.value
        if isinstance(made, Resource) and made.name == name and made in of_type:
            yield node.call


def _of_type(snapshot: Snapshot, type_url: str) -> tuple[Resource, ...]:
    of_type = {
        CLUSTER: snapshot.clusters,
        LISTENER: snapshot.listeners,
        ROUTE_CONFIGURATION: snapshot.routes,
    }
    return of_type.get(type_url, ())


def _is_named(value: object, words: str) -> bool:
    """Whether Envoy's words name an encoded virtual host, as a word of its own."""
    if not isinstance(value, EncodedHosts) or not (words and value.name):
        return False
    # A full stop or colon after it may belong to the sentence.
    name = re.escape(value.name)
    return re.search(rf"(?<![\w.*:-]){name}(?![\w*-]|[.:][\w*])", words) is not None


def _objects(units: Units, call: Call) -> set[Reference]:
    found = set()
    for node in units.below(call):
        # A unit's arguments were read by its caller: a listener receives its Gateways.
        for key in {*node.keys, *_references(node.call.args)}:
            if isinstance(key, Reference) and units.catalog.object(key) is not None:
                found.add(key)
            elif isinstance(key, tuple) and key[0] == "service":
                service = units.catalog.service(key[1])
                if service is not None:
                    found.add(service.source)
    return found


def _references(given: object) -> Iterator[Reference]:
    """Yield the references in a unit's arguments."""
    if isinstance(given, Reference):
        yield given
    elif isinstance(given, tuple):
        for each in given:
            yield from _references(each)
