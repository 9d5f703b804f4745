"""Dumps: what a proxy is sent, as plain data that people read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from google.protobuf import any_pb2, json_format

from straightway.catalog import Catalog
from straightway.discovery import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER, ROUTE_CONFIGURATION
from straightway.proxies.audience import audience_of, gateway_selector_keys, proxy_of
from straightway.snapshots.snapshot import Encoder

_KINDS = {
    "cluster": CLUSTER,
    "endpoint": CLUSTER_LOAD_ASSIGNMENT,
    "listener": LISTENER,
    "route": ROUTE_CONFIGURATION,
}


def dump(catalog: Catalog, node_id: str, metadata: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return the resources for a node, by kind and ordered by name, as protobuf's JSON form."""
    audience = audience_of(proxy_of(node_id, metadata), gateway_selector_keys(catalog))
    snapshot = Encoder().snapshot(catalog, audience)
    return {
        kind: [
            _plain(resource.body) for _, resource in sorted(snapshot.resources[type_url].items())
        ]
        for kind, type_url in _KINDS.items()
    }


def _plain(body: bytes) -> Any:
    # Through JSON: protobuf's own dictionaries are ordered ones, which YAML cannot write. Sorted,
    # because protobuf's maps have no order of their own.
    message = any_pb2.Any.FromString(body)
    text = json_format.MessageToJson(message, preserving_proto_field_name=True, sort_keys=True)
    return json.loads(text)
