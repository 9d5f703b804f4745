"""Dumps: what a proxy is sent, as plain data for people to read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from google.protobuf import any_pb2, json_format

from straightway.catalog import Catalog
from straightway.discovery import Resource
from straightway.proxies.audience import Audience, audience_in, proxy_of
from straightway.snapshots import Snapshot, snapshot_of
from straightway.units import Call, Units


def resources_for(catalog: Catalog, audience: Audience) -> dict[str, list[Resource]]:
    """Return the encoded resources of an audience, by kind and sorted by name."""
    units = Units(catalog)
    with units.keeping():
        snapshot: Snapshot = units.get(Call(snapshot_of, (audience,)))
        assignments = [units.get(call) for call in snapshot.assignments]
    found: dict[str, Iterable[Resource]] = {
        "cluster": snapshot.clusters,
        "endpoint": assignments,
        "listener": snapshot.listeners,
        "route": snapshot.routes,
    }
    return {
        kind: sorted(of_kind, key=lambda resource: resource.name) for kind, of_kind in found.items()
    }


def dump(
    catalog: Catalog,
    node_id: str,
    metadata: Mapping[str, Any],
    envoy: tuple[int, int] | None = None,
) -> dict[str, list[Any]]:
    """Return the resources for a node, by kind and sorted by name, in protobuf's JSON form.

    ``envoy`` is its version, None for a client that does not tell.
    """
    audience = audience_in(proxy_of(node_id, metadata, envoy=envoy), catalog)
    return {
        kind: [_message(resource.body) for resource in of_kind]
        for kind, of_kind in resources_for(catalog, audience).items()
    }


def _message(body: bytes) -> Any:
    # Through JSON, because protobuf's own dictionaries are ordered ones, which YAML cannot write.
    # Sorted, because protobuf's maps have no order.
    message = any_pb2.Any.FromString(body)
    text = json_format.MessageToJson(message, preserving_proto_field_name=True, sort_keys=True)
    return json.loads(text)
