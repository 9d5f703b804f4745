"""The xDS protocol over grpc.aio, as a library: it serves any resources to any Envoy.

It must not know where resources come from or what they mean: no module here imports another part
of straightway.

The order of reading: ``resources`` and ``cache`` are what the caller fills.
"""

from straightway.discovery.cache import Cache
from straightway.discovery.resources import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    RESOURCE_TYPES,
    ROUTE_CONFIGURATION,
    RUNTIME,
    SCOPED_ROUTE_CONFIGURATION,
    SECRET,
    TYPED_EXTENSION_CONFIG,
    VIRTUAL_HOST,
    Resource,
)

__all__ = [
    "CLUSTER",
    "CLUSTER_LOAD_ASSIGNMENT",
    "LISTENER",
    "RESOURCE_TYPES",
    "ROUTE_CONFIGURATION",
    "RUNTIME",
    "SCOPED_ROUTE_CONFIGURATION",
    "SECRET",
    "TYPED_EXTENSION_CONFIG",
    "VIRTUAL_HOST",
    "Cache",
    "Resource",
]
