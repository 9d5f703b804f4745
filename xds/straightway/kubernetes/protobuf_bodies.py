"""What is kept of an object that comes as protobuf: the same as if it came as JSON.

The fields are those of :mod:`straightway.kubernetes.json_bodies`, in the same order. JSON lacks an
empty text, list or map, but for those fields that Go does not declare with ``omitempty``.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from straightway.documents.secrets import KEYS, without_surplus
from straightway.kubernetes import core_kinds_pb2 as pb
from straightway.kubernetes.objects import Body


def pod(raw: bytes) -> Body:
    """Decode a Pod; of its conditions only Ready counts."""
    found = pb.Pod.FromString(raw)
    spec: Body = {"containers": [_container(each) for each in found.spec.containers]}
    if account := found.spec.service_account_name:
        spec["serviceAccountName"] = account
    status: Body = {}
    if conditions := found.status.conditions:
        status["conditions"] = [
            {"type": "Ready", "status": each.status} for each in conditions if each.type == "Ready"
        ]
    if address := found.status.pod_ip:
        status["podIP"] = address
    return {"metadata": _metadata(found.metadata), "spec": spec, "status": status}


def _container(container: pb.Container) -> Body:
    ports = container.ports
    return {"ports": [_container_port(each) for each in ports]} if ports else {}


def _container_port(port: pb.ContainerPort) -> Body:
    kept: Body = {"name": port.name} if port.name else {}
    kept["containerPort"] = port.container_port
    return kept


def endpoint_slice(raw: bytes) -> Body:
    """Decode an EndpointSlice."""
    found = pb.EndpointSlice.FromString(raw)
    return {
        "metadata": _metadata(found.metadata),
        "addressType": found.address_type,
        "endpoints": [_endpoint(each) for each in found.endpoints] or None,
        "ports": [_endpoint_port(each) for each in found.ports] or None,
    }


def _endpoint(endpoint: pb.Endpoint) -> Body:
    # There are ten times as many as anything else: what is asked first is what nearly all have.
    conditions = endpoint.conditions
    if conditions.ready:
        ready = {"ready": True}
    else:
        ready = {"ready": False} if conditions.HasField("ready") else {}
    kept: Body = {"addresses": endpoint.addresses[:], "conditions": ready}
    if (target := _target(endpoint.target_ref)) or endpoint.HasField("target_ref"):
        kept["targetRef"] = target
    return kept


def _target(target: pb.ObjectReference) -> Body:
    kept: Body = {}
    if kind := target.kind:
        kept["kind"] = kind
    if namespace := target.namespace:
        kept["namespace"] = namespace
    if name := target.name:
        kept["name"] = name
    return kept


def _endpoint_port(port: pb.EndpointPort) -> Body:
    kept: Body = {"name": port.name} if port.HasField("name") else {}
    if port.HasField("port"):
        kept["port"] = port.port
    return kept


def service(raw: bytes) -> Body:
    """Decode a Service."""
    found = pb.Service.FromString(raw)
    balancer: Body = {}
    if ingress := found.status.load_balancer.ingress:
        balancer["ingress"] = [_texts(ip=each.ip, hostname=each.hostname) for each in ingress]
    return {
        "metadata": _metadata(found.metadata),
        "spec": _service_spec(found.spec),
        "status": {"loadBalancer": balancer},
    }


def _service_spec(spec: pb.ServiceSpec) -> Body:
    kept: Body = {}
    if spec.ports:
        kept["ports"] = [_service_port(each) for each in spec.ports]
    if spec.selector:
        kept["selector"] = _sorted(spec.selector)
    kept |= _texts(clusterIP=spec.cluster_ip, type=spec.type, externalName=spec.external_name)
    if spec.publish_not_ready_addresses:
        kept["publishNotReadyAddresses"] = True
    return kept


def _service_port(port: pb.ServicePort) -> Body:
    kept: Body = _texts(name=port.name, protocol=port.protocol)
    if port.HasField("app_protocol"):
        kept["appProtocol"] = port.app_protocol
    target = port.target_port
    kept["port"] = port.port
    kept["targetPort"] = target.text if target.type else target.number
    return kept


def secret(raw: bytes) -> Body:
    """Decode a Secret, and seal what is kept of it at once."""
    found = pb.Secret.FromString(raw)
    body: Body = {"metadata": _metadata(found.metadata, with_annotations=False)}
    body["metadata"].pop("generation", None)
    body["metadata"].pop("deletionTimestamp", None)
    if found.data:
        body["data"] = {name: found.data[name] for name in KEYS if name in found.data}
    return without_surplus(body | _texts(type=found.type))


def named(raw: bytes) -> Body:
    """Decode an object of which the metadata count, and nothing else."""
    return {"metadata": _metadata(pb.Object.FromString(raw).metadata)}


def _metadata(metadata: pb.ObjectMeta, *, with_annotations: bool = True) -> Body:
    kept: Body = {"name": metadata.name}
    if namespace := metadata.namespace:
        kept["namespace"] = namespace
    kept["resourceVersion"] = metadata.resource_version
    if generation := metadata.generation:
        kept["generation"] = generation
    if created := metadata.creation_timestamp.seconds:
        kept["creationTimestamp"] = _time(created)
    if deleted := metadata.deletion_timestamp.seconds:
        kept["deletionTimestamp"] = _time(deleted)
    if labels := metadata.labels:
        kept["labels"] = _sorted(labels)
    if with_annotations and (annotations := metadata.annotations):
        kept["annotations"] = {
            name: annotations[name].decode(errors="replace") for name in sorted(annotations)
        }
    return kept


def _texts(**texts: str) -> Body:
    """Return the texts that are not empty."""
    return {name: text for name, text in texts.items() if text}


def _sorted(texts: Mapping[str, str]) -> dict[str, str]:
    """Return a map in the order in which JSON has it."""
    return {name: texts[name] for name in sorted(texts)}


def _time(seconds: int) -> str:
    """Return a time as JSON has it (RFC 3339)."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
