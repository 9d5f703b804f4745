"""Objects of Kubernetes' own kinds in protobuf, as an API server in Go writes what it has as JSON.

Of what is read everything, and of the rest a little, for readers to pass over. What Go has without
a pointer is written even if it is empty.
"""

from __future__ import annotations

import base64
import calendar
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from google.protobuf.message import Message

from straightway.kubernetes import core_kinds_pb2 as pb

Body = Mapping[str, Any]

MAGIC = b"k8s\0"
_UID = b"\x2a\x24fbafd4ba-c99f-4a7c-b8a5-0e1f7f8f2d31"
_MANAGED = b"\x8a\x01\x0d\x0a\x07kubectl\x12\x02\x08\x01"
"""Fields of metadata that are not read: ``uid``, and an entry of ``managedFields``."""


def encoded(body: Body) -> bytes:
    """Return an object in protobuf, without its envelope.

    If it is none of its kind, its metadata can be read, and the rest cannot.
    """
    try:
        message = _OF_KIND.get(body.get("kind", ""), _object)(body)
    except (AttributeError, TypeError):
        return _object(body).SerializeToString() + b"\x12\x01\xff"
    return message.SerializeToString(deterministic=True)


def enveloped(body: Body) -> bytes:
    """Return an object or a Status as it is answered."""
    return envelope(body.get("apiVersion", "v1"), body.get("kind", ""), encoded(body))


def page(items: Iterable[Body], version: str, token: str = "") -> bytes:
    """Return a page of a list."""
    metadata = pb.ListMeta(resource_version=version, continue_token=token)
    found = pb.List(metadata=metadata, items=[encoded(each) for each in items])
    return envelope("v1", "List", found.SerializeToString())


def event(kind: str, body: Body) -> bytes:
    """Return an event of a watch, without the length that comes before it."""
    wrapped = pb.RawExtension(raw=enveloped(body))
    return pb.WatchEvent(type=kind, object=wrapped).SerializeToString()


def frame(message: bytes) -> bytes:
    """Return a message with its length."""
    return len(message).to_bytes(4, "big") + message


def envelope(version: str, kind: str, raw: bytes) -> bytes:
    """Return what is around every answer and every object of an event."""
    texts = b"".join(_field(number, text.encode()) for number, text in ((1, version), (2, kind)))
    fields = {1: texts, 2: raw, 3: b"", 4: b""}
    return MAGIC + b"".join(_field(number, content) for number, content in fields.items())


def _field(number: int, content: bytes) -> bytes:
    """Return a field of bytes; ``number`` is at most 15."""
    length, rest = bytearray(), len(content)
    while rest > 127:
        length.append(rest & 127 | 128)
        rest >>= 7
    length.append(rest)
    return bytes([number << 3 | 2]) + bytes(length) + content


def _meta(body: Body) -> pb.ObjectMeta:
    metadata = body.get("metadata") or {}
    message = pb.ObjectMeta(
        name=metadata.get("name"),
        namespace=metadata.get("namespace"),
        resource_version=metadata.get("resourceVersion"),
        generation=metadata.get("generation"),
        creation_timestamp=_time(metadata.get("creationTimestamp")),
        labels=metadata.get("labels"),
        annotations={k: v.encode() for k, v in (metadata.get("annotations") or {}).items()},
    )
    if "deletionTimestamp" in metadata:
        message.deletion_timestamp.CopyFrom(_time(metadata["deletionTimestamp"]))
    message.MergeFromString(_UID + _MANAGED)
    return message


def _time(text: str | None) -> pb.Time:
    if not text:
        return pb.Time()
    return pb.Time(seconds=calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")))


def _object(body: Body) -> pb.Object:
    return pb.Object(metadata=_meta(body))


def _pod(body: Body) -> pb.Pod:
    spec, status = body.get("spec") or {}, body.get("status") or {}
    return pb.Pod(
        metadata=_meta(body),
        spec=pb.PodSpec(
            containers=[_container(each) for each in spec.get("containers") or ()],
            service_account_name=spec.get("serviceAccountName"),
        ),
        status=pb.PodStatus(
            conditions=[
                pb.PodCondition(type=each.get("type"), status=each.get("status"))
                for each in status.get("conditions") or ()
            ],
            pod_ip=status.get("podIP"),
        ),
    )


def _container(container: Body) -> pb.Container:
    return pb.Container(
        ports=[
            pb.ContainerPort(name=each.get("name"), container_port=each.get("containerPort"))
            for each in container.get("ports") or ()
        ]
    )


def _slice(body: Body) -> pb.EndpointSlice:
    return pb.EndpointSlice(
        metadata=_meta(body),
        endpoints=[_endpoint(each) for each in body.get("endpoints") or ()],
        ports=[pb.EndpointPort(**_some(each, "name", "port")) for each in body.get("ports") or ()],
        address_type=body.get("addressType"),
    )


def _endpoint(endpoint: Body) -> pb.Endpoint:
    conditions = endpoint.get("conditions") or {}
    message = pb.Endpoint(
        addresses=endpoint.get("addresses"),
        conditions=pb.EndpointConditions(**_some(conditions, "ready")),
    )
    if (target := endpoint.get("targetRef")) is not None:
        reference = pb.ObjectReference(**_some(target, "kind", "namespace", "name"))
        message.target_ref.CopyFrom(reference)
    return message


def _service(body: Body) -> pb.Service:
    spec = body.get("spec") or {}
    balancer = (body.get("status") or {}).get("loadBalancer") or {}
    return pb.Service(
        metadata=_meta(body),
        spec=pb.ServiceSpec(
            ports=[_service_port(each) for each in spec.get("ports") or ()],
            selector=spec.get("selector"),
            cluster_ip=spec.get("clusterIP"),
            type=spec.get("type"),
            external_name=spec.get("externalName"),
            publish_not_ready_addresses=spec.get("publishNotReadyAddresses"),
        ),
        status=pb.ServiceStatus(
            load_balancer=pb.LoadBalancerStatus(
                ingress=[
                    pb.LoadBalancerIngress(**_some(each, "ip", "hostname"))
                    for each in balancer.get("ingress") or ()
                ]
            )
        ),
    )


def _service_port(port: Body) -> pb.ServicePort:
    # What nobody has set, the server has set to the port.
    target = port.get("targetPort", port.get("port"))
    is_text = isinstance(target, str)
    return pb.ServicePort(
        **_some(port, "name", "protocol", "port"),
        app_protocol=port.get("appProtocol"),
        target_port=pb.IntOrString(
            type=int(is_text), number=0 if is_text else target, text=target if is_text else ""
        ),
    )


def _secret(body: Body) -> pb.Secret:
    data = {k: base64.b64decode(v or "") for k, v in (body.get("data") or {}).items()}
    return pb.Secret(metadata=_meta(body), data=data, type=body.get("type"))


def _status(body: Body) -> pb.Status:
    return pb.Status(**_some(body, "message", "reason", "code"))


def _some(body: Body, *names: str) -> dict[str, Any]:
    return {name: body[name] for name in names if name in body}


_OF_KIND: Mapping[str, Callable[[Body], Message]] = {
    "Pod": _pod,
    "EndpointSlice": _slice,
    "Service": _service,
    "Secret": _secret,
    "Status": _status,
}
