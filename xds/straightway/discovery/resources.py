"""Resources in wire form, and the resource types that Envoy requests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import Final, Self

from google.protobuf.duration_pb2 import Duration
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
"""The type URLs in the protocol's push order: resources come before those that refer to them.

Clusters, then their endpoints, then listeners, then the routes that send requests to the
clusters. See "Eventual consistency considerations" in
https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol.
"""


_NOT_COMPUTED: Final = -1
_FINGERPRINT_BYTES: Final = 8


@lru_cache(maxsize=64)
def _type_field(type_url: str) -> bytes:
    """Return the field ``type_url`` of ``google.protobuf.Any``."""
    return wire.field(1, type_url)


@dataclass(frozen=True, slots=True)
class Resource:
    """One named piece of config, encoded once for all its clients.

    ``version`` identifies the content: two resources of one type and name with the same version are
    assumed to be the same. ``parts`` are the encoded ``google.protobuf.Any``, in pieces that other
    resources may share; they are joined once, in a response. ``eds_service_name`` is set on a
    Cluster that gets its endpoints by EDS: the name of the ClusterLoadAssignment that Envoy must
    receive before it uses the cluster; empty for everything else.

    ``aliases`` are additional names by which delta clients may request it (the spec, "Resource
    names"; virtual hosts on demand depend on them). One alias stands for one resource: of several
    that claim it the latest wins. ``ttl``, in seconds, is how long a client that supports it keeps
    the resource without a heartbeat from the server (the spec, "TTL"); None means no limit. A
    change of the TTL alone is sent without the body, and needs no new version.

    In a response a resource consists of a head and the parts; ``sotw_head`` and ``delta_head`` are
    the heads, for the field ``resources`` of a DiscoveryResponse and a DeltaDiscoveryResponse.

    Raises ValueError for a ``ttl`` that is not positive.
    """

    name: str
    version: str
    parts: tuple[bytes, ...] = field(repr=False)
    eds_service_name: str = ""
    aliases: tuple[str, ...] = ()
    ttl: float | None = None
    sotw_head: bytes = field(init=False, repr=False, compare=False)
    delta_head: bytes = field(init=False, repr=False, compare=False)
    _fingerprint: int = field(init=False, repr=False, compare=False, default=_NOT_COMPUTED)

    def __post_init__(self) -> None:
        if self.ttl is not None and self.ttl <= 0:
            raise ValueError(f"a TTL must be positive: {self.ttl}")
        size = sum(map(len, self.parts))
        # The parts come last, so that they can be appended.
        inner = self._envelope() + wire.field_head(2, size)
        object.__setattr__(self, "sotw_head", wire.field_head(2, size))
        object.__setattr__(self, "delta_head", wire.field_head(2, len(inner) + size) + inner)

    @property
    def body(self) -> bytes:
        """The encoded ``google.protobuf.Any``, joined anew each time."""
        return b"".join(self.parts)

    @property
    def names(self) -> tuple[str, ...]:
        """All its names, its own first."""
        return (self.name, *self.aliases)

    @property
    def fingerprint(self) -> int:
        """A 64-bit number that identifies name and version; computed once."""
        if self._fingerprint == _NOT_COMPUTED:
            data = f"{len(self.name)}:{self.name}{self.version}".encode()
            digest = blake2b(data, digest_size=_FINGERPRINT_BYTES).digest()
            object.__setattr__(self, "_fingerprint", int.from_bytes(digest, "big"))
        return self._fingerprint

    def wrapped(self) -> bytes:
        """Return it as an encoded ``envoy.service.discovery.v3.Resource`` with its TTL."""
        return self.heartbeat() + wire.field(2, self.body)

    def heartbeat(self) -> bytes:
        """Return the same without the body, a heartbeat for clients that hold it."""
        if self.ttl is None:
            return self._envelope()
        lifetime = Duration()
        lifetime.FromNanoseconds(round(self.ttl * 1e9))
        return self._envelope() + wire.field(6, lifetime.SerializeToString())

    def _envelope(self) -> bytes:
        # Of envoy.service.discovery.v3.Resource: version = 1, name = 3, aliases = 4.
        envelope = wire.field(1, self.version) + wire.field(3, self.name)
        for alias in self.aliases:
            envelope += wire.field(4, alias)
        return envelope

    @classmethod
    def of(
        cls,
        name: str,
        message: Message,
        *,
        version: str | None = None,
        eds_service_name: str = "",
        aliases: Iterable[str] = (),
        ttl: float | None = None,
    ) -> Self:
        """Return the resource for a message, by default with a digest as its version.

        The digest covers the message's bytes, and the aliases if there are any.
        """
        return cls.encoded(
            name,
            TYPE_URL_PREFIX + message.DESCRIPTOR.full_name,
            message.SerializeToString(deterministic=True),
            version=version,
            eds_service_name=eds_service_name,
            aliases=aliases,
            ttl=ttl,
        )

    @classmethod
    def encoded(
        cls,
        name: str,
        type_url: str,
        *value: bytes,
        version: str | None = None,
        eds_service_name: str = "",
        aliases: Iterable[str] = (),
        ttl: float | None = None,
    ) -> Self:
        """Return the resource for a message that is already serialised to ``value``.

        ``value`` may be given in parts, which are not copied: one of hundreds of kilobytes can
        share most of them with others. With ``version`` nothing is hashed: a digest of the parts'
        digests is as good as one of all bytes.
        """
        size = sum(map(len, value))
        head = _type_field(type_url) + (wire.field_head(2, size) if size else b"")
        parts = (head + b"".join(value[:1]), *value[1:])
        known_as = tuple(aliases)
        if version is None:
            digest = blake2b(digest_size=8)
            for part in parts:
                digest.update(part)
            for alias in known_as:
                digest.update(wire.field(4, alias))
            version = digest.hexdigest()
        return cls(name, version, parts, eds_service_name, known_as, ttl)


def encode_held(name: str, version: str) -> bytes:
    """Return the entry of ``initial_resource_versions`` for a resource.

    Source: ``DeltaDiscoveryRequest``; on the wire an entry of a map is a message of key (= 1) and
    value (= 2).
    """
    return wire.field(1, name) + wire.field(2, version)
