"""The table of discovery services: the aggregated one, and those of a single type each.

It is derived from the services' protobuf descriptors, where every service except the aggregated one
names its type (``envoy.annotations.resource``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from envoy.annotations.resource_pb2 import resource as resource_annotation
from envoy.service.cluster.v3 import cds_pb2
from envoy.service.discovery.v3 import ads_pb2
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest
from envoy.service.endpoint.v3 import eds_pb2
from envoy.service.extension.v3 import config_discovery_pb2
from envoy.service.listener.v3 import lds_pb2
from envoy.service.route.v3 import rds_pb2, srds_pb2
from envoy.service.runtime.v3 import rtds_pb2
from envoy.service.secret.v3 import sds_pb2
from google.protobuf.descriptor import ServiceDescriptor

from straightway.discovery.resources import TYPE_URL_PREFIX
from straightway.discovery.response import Variant

_FILES: Final = (
    ads_pb2,
    cds_pb2,
    eds_pb2,
    lds_pb2,
    rds_pb2,  # The RouteDiscoveryService and the VirtualHostDiscoveryService.
    srds_pb2,
    sds_pb2,
    config_discovery_pb2,
    rtds_pb2,
)


@dataclass(frozen=True, slots=True)
class Service:
    """A gRPC service of discovery streams.

    ``type_url`` is its one type, None for the aggregated service. ``streams`` are its streaming
    methods by name, ``fetches`` the names of its unary ones.
    """

    name: str
    type_url: str | None
    streams: Mapping[str, Variant]
    fetches: tuple[str, ...]


def _service(descriptor: ServiceDescriptor) -> Service:
    options = descriptor.GetOptions()
    resource = options.Extensions[resource_annotation].type
    streams, fetches = {}, []
    for method in descriptor.methods:
        if not method.client_streaming:
            fetches.append(method.name)
        elif method.input_type is DeltaDiscoveryRequest.DESCRIPTOR:
            streams[method.name] = Variant.DELTA
        else:
            streams[method.name] = Variant.STATE_OF_THE_WORLD
    type_url = TYPE_URL_PREFIX + resource if resource else None
    return Service(descriptor.full_name, type_url, streams, tuple(fetches))


SERVICES: Final = tuple(
    _service(descriptor)
    for file in _FILES
    for descriptor in file.DESCRIPTOR.services_by_name.values()
)
"""All discovery services, the aggregated one first."""
