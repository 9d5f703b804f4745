"""What is kept of an object that comes as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypedDict

import msgspec

from straightway.documents.secrets import without_surplus
from straightway.kubernetes.objects import Body

Raw = bytes | msgspec.Raw

_Entries = TypedDict(
    "_Entries",
    {
        "tls.crt": str | None,
        "tls.key": str | None,
        "ca.crt": str | None,
        "cert": str | None,
        "key": str | None,
        "cacert": str | None,
        "token": str | None,
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


class _ServicePort(TypedDict, total=False):
    name: str
    protocol: str
    appProtocol: str | None
    port: int
    targetPort: int | str


class _ServiceSpec(TypedDict, total=False):
    ports: list[_ServicePort] | None
    selector: dict[str, str] | None
    clusterIP: str
    type: str
    externalName: str
    publishNotReadyAddresses: bool


class _Service(TypedDict, total=False):
    metadata: _Metadata
    spec: _ServiceSpec
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


def _decoder(form: type[Mapping[str, Any]]) -> Callable[[Raw], Body]:
    decode: Callable[[Raw], Mapping[str, Any]] = msgspec.json.Decoder(form).decode
    return lambda raw: dict(decode(raw))


service = _decoder(_Service)
endpoint_slice = _decoder(_EndpointSlice)
named = _decoder(_Named)
"""For an object of which the metadata count, and nothing else."""
_decode_pod = _decoder(_Pod)
_decode_secret = _decoder(_Secret)
_decode_any = msgspec.json.Decoder(dict[str, Any]).decode

_UNUSED_METADATA = ("uid", "selfLink", "ownerReferences", "finalizers", "generateName")


def whole(raw: Raw) -> Body:
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


def pod(raw: Raw) -> Body:
    """Decode a Pod; of its conditions only Ready counts."""
    body = _decode_pod(raw)
    status = body.get("status")
    if status and "conditions" in status:
        status["conditions"] = [
            each for each in status["conditions"] if each.get("type") == "Ready"
        ]
    return body


def secret(raw: Raw) -> Body:
    """Decode a Secret, and seal what is kept of it at once."""
    return without_surplus(_decode_secret(raw))
