"""Resources as they go over the wire, and the types of resources that Envoy asks for."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, Self

from google.protobuf.message import Message

from straightway.discovery import wire

TYPE_URL_PREFIX: Final = "type.googleapis.com/"

CLUSTER: Final = TYPE_URL_PREFIX + "envoy.config.cluster.v3.Cluster"
CLUSTER_LOAD_ASSIGNMENT: Final = TYPE_URL_PREFIX + "envoy.config.endpoint.v3.ClusterLoadAssignment"
LISTENER: Final = TYPE_URL_PREFIX + "envoy.config.listener.v3.Listener"
ROUTE_CONFIGURATION: Final = TYPE_URL_PREFIX + "envoy.config.route.v3.RouteConfiguration"
SCOPED_ROUTE_CONFIGURATION: Final = (
    TYPE_URL_PREFIX + "envoy.config.route.v3.ScopedRouteConfiguration"
)
VIRTUAL_HOST: Final = TYPE_URL_PREFIX + "envoy.config.route.v3.VirtualHost"
SECRET: Final = TYPE_URL_PREFIX + "envoy.extensions.transport_sockets.tls.v3.Secret"
TYPED_EXTENSION_CONFIG: Final = TYPE_URL_PREFIX + "envoy.config.core.v3.TypedExtensionConfig"
RUNTIME: Final = TYPE_URL_PREFIX + "envoy.service.runtime.v3.Runtime"

RESOURCE_TYPES: Final = (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    ROUTE_CONFIGURATION,
    SCOPED_ROUTE_CONFIGURATION,
    VIRTUAL_HOST,
    SECRET,
    TYPED_EXTENSION_CONFIG,
    RUNTIME,
)
"""The type URLs in the protocol's push order: what is named goes before what names it.

Clusters, then their endpoints, then listeners, then the routes that send requests to the
clusters. See "Eventual consistency considerations" in
https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol.
"""


@dataclass(frozen=True, slots=True)
class Resource:
    """One named piece of config, encoded once for all its readers.

    ``version`` says which content this is: two resources of one type and name with the same
    version are taken to be the same. ``body`` is the encoded ``google.protobuf.Any``. ``warms`` is
    set on a Cluster that gets its endpoints by EDS: the name of the ClusterLoadAssignment that
    Envoy must get before it uses the cluster; empty on everything else.

    A resource goes into a response as a head and the body; ``sotw_head`` and ``delta_head`` are
    those heads, for the field ``resources`` of a DiscoveryResponse and a DeltaDiscoveryResponse.
    """

    name: str
    version: str
    body: bytes = field(repr=False)
    warms: str = ""
    sotw_head: bytes = field(init=False, repr=False, compare=False)
    delta_head: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        size = len(self.body)
        # The fields of envoy.service.discovery.v3.Resource: version = 1, name = 3, resource = 2,
        # the last one last, so that the body can simply follow.
        inner = wire.field(1, self.version) + wire.field(3, self.name) + wire.field_head(2, size)
        object.__setattr__(self, "sotw_head", wire.field_head(2, size))
        object.__setattr__(self, "delta_head", wire.field_head(2, len(inner) + size) + inner)

    @classmethod
    def of(
        cls, name: str, message: Message, *, version: str | None = None, warms: str = ""
    ) -> Self:
        """Return the resource for a message, by default with a digest of its bytes as version."""
        return cls.encoded(
            name,
            TYPE_URL_PREFIX + message.DESCRIPTOR.full_name,
            message.SerializeToString(deterministic=True),
            version=version,
            warms=warms,
        )

    @classmethod
    def encoded(
        cls,
        name: str,
        type_url: str,
        value: bytes,
        *,
        version: str | None = None,
        warms: str = "",
    ) -> Self:
        """Return the resource for a message that is already serialised to ``value``."""
        body = wire.field(1, type_url) + wire.field(2, value)
        if version is None:
            version = blake2b(body, digest_size=8).hexdigest()
        return cls(name, version, body, warms)
