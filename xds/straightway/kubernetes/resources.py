"""The kinds that are followed, and the fields of each that are kept.

Of core kinds only what :mod:`straightway.api` reads is decoded: a Pod has 12 KB, and 500 bytes of
it count. Objects of other kinds are kept whole, because an unknown field is an error there; but
their status is what we and others write, and a change of it must cause no work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

import msgspec

from straightway.documents.secrets import without_surplus

Body = dict[str, Any]

_Entries = TypedDict(
    "_Entries",
    {
        "tls.crt": str,
        "tls.key": str,
        "ca.crt": str,
        "cert": str,
        "key": str,
        "cacert": str,
        "token": str,
    },
    total=False,
)
"""The entries of a Secret that are kept: no others are ever decoded."""


class _Metadata(TypedDict, total=False):
    name: str
    namespace: str
    labels: dict[str, str] | None
    annotations: dict[str, str] | None
    creationTimestamp: str | None
    deletionTimestamp: str
    generation: int
    resourceVersion: str


class _ContainerPort(TypedDict, total=False):
    name: str
    containerPort: int


class _Container(TypedDict, total=False):
    ports: list[_ContainerPort]


class _PodSpec(TypedDict, total=False):
    serviceAccountName: str
    containers: list[_Container]


class _Condition(TypedDict, total=False):
    type: str
    status: str


class _PodStatus(TypedDict, total=False):
    podIP: str
    conditions: list[_Condition]


class _Pod(TypedDict, total=False):
    metadata: _Metadata
    spec: _PodSpec
    status: _PodStatus


class _EndpointPort(TypedDict, total=False):
    name: str | None
    port: int | None


class _EndpointConditions(TypedDict, total=False):
    ready: bool | None


class _TargetReference(TypedDict, total=False):
    kind: str
    name: str
    namespace: str


class _Endpoint(TypedDict, total=False):
    addresses: list[str]
    conditions: _EndpointConditions
    targetRef: _TargetReference


class _EndpointSlice(TypedDict, total=False):
    metadata: _Metadata
    addressType: str
    ports: list[_EndpointPort] | None
    endpoints: list[_Endpoint] | None


class _LoadBalancerIngress(TypedDict, total=False):
    ip: str
    hostname: str


class _LoadBalancer(TypedDict, total=False):
    ingress: list[_LoadBalancerIngress] | None


class _ServiceStatus(TypedDict, total=False):
    loadBalancer: _LoadBalancer


class _Service(TypedDict, total=False):
    metadata: _Metadata
    spec: dict[str, Any]
    status: _ServiceStatus


class _SecretMetadata(TypedDict, total=False):
    """Without annotations: kubectl keeps a copy of all data there."""

    name: str
    namespace: str
    labels: dict[str, str] | None
    creationTimestamp: str | None
    resourceVersion: str


class _Secret(TypedDict, total=False):
    metadata: _SecretMetadata
    type: str
    data: _Entries | None


class _Named(TypedDict, total=False):
    metadata: _Metadata


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of object and where it is served.

    ``versions`` are those to ask for, best first; () for what the group says. ``decode`` turns an
    object's JSON into what is kept of it, without ``apiVersion`` and ``kind``. ``is_core``: the
    server has validated every field, and every start reads all of it again.
    """

    group: str
    kind: str
    plural: str
    versions: tuple[str, ...]
    decode: Callable[[bytes | msgspec.Raw], Body]
    is_core: bool = False

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


_decode_pod = msgspec.json.Decoder(_Pod).decode
_decode_slice = msgspec.json.Decoder(_EndpointSlice).decode
_decode_service = msgspec.json.Decoder(_Service).decode
_decode_secret = msgspec.json.Decoder(_Secret).decode
_decode_named = msgspec.json.Decoder(_Named).decode
_decode_any = msgspec.json.Decoder(dict[str, Any]).decode

_UNUSED_METADATA = ("uid", "selfLink", "ownerReferences", "finalizers", "generateName")


def _whole(raw: bytes | msgspec.Raw) -> Body:
    """Decode an object whose fields may all count, but for those that others write."""
    body = _decode_any(raw)
    body.pop("status", None)
    metadata = body.get("metadata")
    if isinstance(metadata, dict):
        for name in _UNUSED_METADATA:
            metadata.pop(name, None)
        if "managedFields" in metadata:
            metadata["managedFields"] = list(_owned(metadata["managedFields"]))
    return body


def _owned(managers: Iterable[Mapping[str, Any]]) -> Iterator[Body]:
    """Yield which fields of the spec somebody set; not who and when, which every write changes."""
    for manager in managers:
        spec = (manager.get("fieldsV1") or {}).get("f:spec")
        if spec and "subresource" not in manager:
            yield {"fieldsV1": {"f:spec": spec}}


def _pod(raw: bytes | msgspec.Raw) -> Body:
    """Decode a Pod; of its conditions only Ready counts."""
    body: Body = dict(_decode_pod(raw))
    status = body.get("status")
    if status and "conditions" in status:
        status["conditions"] = [
            each for each in status["conditions"] if each.get("type") == "Ready"
        ]
    return body


def _core(
    kind: str, plural: str, decode: Callable[..., Mapping[str, Any]], group: str = ""
) -> Resource:
    def kept(raw: bytes | msgspec.Raw) -> Body:
        return dict(decode(raw))

    return Resource(group, kind, plural, ("v1",), kept, is_core=True)


def _istio(kind: str, plural: str) -> Resource:
    versions = ("v1", "v1beta1", "v1alpha3")
    return Resource("networking.istio.io", kind, plural, versions, _whole)


RESOURCES = (
    _istio("Gateway", "gateways"),
    _istio("VirtualService", "virtualservices"),
    _istio("DestinationRule", "destinationrules"),
    _istio("ServiceEntry", "serviceentries"),
    _istio("WorkloadEntry", "workloadentries"),
    Resource(
        "istio.alibabacloud.com", "ASMGrpcJsonTranscoder", "asmgrpcjsontranscoders", (), _whole
    ),
    Resource("straightway.dev", "ModelDiscovery", "modeldiscoveries", ("v1alpha1",), _whole),
    _core("Service", "services", _decode_service),
    _core("Pod", "pods", _pod),
    _core("EndpointSlice", "endpointslices", _decode_slice, "discovery.k8s.io"),
)
"""All kinds that are followed."""
BY_KIND = {(each.group, each.kind): each for each in RESOURCES}
"""(API group, kind) → its resource."""


def _secret(raw: bytes | msgspec.Raw) -> Body:
    """Decode a Secret, and seal what is kept of it at once."""
    return without_surplus(_decode_secret(raw))


SECRETS = _core("Secret", "secrets", _secret)
"""Followed one by one, where somebody names them."""
NAMESPACES = _core("Namespace", "namespaces", _decode_named)
"""Followed for their names alone."""
