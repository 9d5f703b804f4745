"""The kinds that are followed: where they are served, and how their objects are decoded.

Of core kinds only what :mod:`straightway.api` reads is decoded: a Pod has 12 KB, and 500 bytes of
it count. Objects of other kinds are kept whole, because an unknown field is an error there; but
their status is what we and others write, and a change of it must cause no work.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from straightway.kubernetes import json_bodies, media_types, protobuf_bodies
from straightway.kubernetes.json_bodies import Raw
from straightway.kubernetes.objects import Body as Body


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of object and where it is served.

    ``versions`` are those to ask for, best first; () for what the group says. ``decode`` turns an
    object's JSON into what is kept of it, without ``apiVersion`` and ``kind``, and
    ``decode_protobuf`` does the same where the server has that form. ``is_core``: the server has
    validated every field, and every start reads all of it again.
    """

    group: str
    kind: str
    plural: str
    versions: tuple[str, ...]
    decode: Callable[[Raw], Body]
    decode_protobuf: Callable[[bytes], Body] | None = None
    is_core: bool = False

    @property
    def accept(self) -> str:
        """The forms in which objects are asked for, best first, as a header has them."""
        return media_types.JSON if self.decode_protobuf is None else media_types.RATHER_PROTOBUF

    def path(self, version: str, namespace: str = "") -> str:
        """Return the path of the collection in one namespace, "" for all."""
        root = f"/apis/{self.group}/{version}" if self.group else f"/api/{version}"
        within = f"/namespaces/{namespace}" if namespace else ""
        return f"{root}{within}/{self.plural}"

    def api_version(self, version: str) -> str:
        """Return ``apiVersion`` as objects of a version have it."""
        return f"{self.group}/{version}" if self.group else version

    def __str__(self) -> str:
        """Return it as RBAC rules name it: ``virtualservices.networking.istio.io``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


def _core(
    kind: str,
    plural: str,
    decode: Callable[[Raw], Body],
    decode_protobuf: Callable[[bytes], Body],
    group: str = "",
) -> Resource:
    return Resource(group, kind, plural, ("v1",), decode, decode_protobuf, is_core=True)


def _istio(kind: str, plural: str) -> Resource:
    versions = ("v1", "v1beta1", "v1alpha3")
    return Resource("networking.istio.io", kind, plural, versions, json_bodies.whole)


RESOURCES = (
    _istio("Gateway", "gateways"),
    _istio("VirtualService", "virtualservices"),
    _istio("DestinationRule", "destinationrules"),
    _istio("ServiceEntry", "serviceentries"),
    _istio("WorkloadEntry", "workloadentries"),
    Resource(
        "istio.alibabacloud.com",
        "ASMGrpcJsonTranscoder",
        "asmgrpcjsontranscoders",
        (),
        json_bodies.whole,
    ),
    Resource(
        "straightway.dev", "ModelDiscovery", "modeldiscoveries", ("v1alpha1",), json_bodies.whole
    ),
    _core("Service", "services", json_bodies.service, protobuf_bodies.service),
    _core("Pod", "pods", json_bodies.pod, protobuf_bodies.pod),
    _core(
        "EndpointSlice",
        "endpointslices",
        json_bodies.endpoint_slice,
        protobuf_bodies.endpoint_slice,
        "discovery.k8s.io",
    ),
)
"""All kinds that are followed."""
BY_KIND = {(each.group, each.kind): each for each in RESOURCES}
"""(API group, kind) → its resource."""
SECRETS = _core("Secret", "secrets", json_bodies.secret, protobuf_bodies.secret)
"""Followed one by one, where somebody names them."""
NAMESPACES = _core("Namespace", "namespaces", json_bodies.named, protobuf_bodies.named)
"""Followed for their names alone."""
