"""Objects that an API server has validated: built from their documents without validating again.

A cluster has thousands of Pods and EndpointSlices, and their validation was a sixth of a start.
Equal parts are shared: a Pod is an endpoint of each service that selects it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from sys import intern
from typing import Any, Final, TypeVar

from straightway.api.endpoint_slice import (
    CONDITIONS,
    Endpoint,
    EndpointPort,
    EndpointSlice,
    TargetReference,
)
from straightway.api.metadata import Metadata, interned, without_last_applied
from straightway.api.objects import ApiObject
from straightway.api.pod import Container, ContainerPort, Pod, PodCondition, PodSpec, PodStatus

Body = Mapping[str, Any]
Part = TypeVar("Part")
Object = TypeVar("Object", bound=ApiObject)

_SHARED: Final = 1 << 14
"""How many parts of a kind are remembered."""


def built(body: Body) -> ApiObject | None:
    """Return the object of a document in which every field has its type.

    It equals the result of validation. None for other kinds, and for a document that lacks
    something: that is left to validation.
    """
    build = _BUILDERS.get((body.get("apiVersion"), body.get("kind")))
    try:
        return build(body) if build is not None else None
    except (AttributeError, KeyError, TypeError):
        return None


# --- Kinds ---


def _pod(body: Body) -> Pod:
    spec = body["spec"]
    ports = tuple(
        [
            tuple([(port["containerPort"], port.get("name")) for port in each.get("ports") or ()])
            for each in spec.get("containers") or ()
        ]
    )
    return _object(
        Pod,
        body,
        spec=_pod_spec(spec.get("serviceAccountName", "default"), ports),
        status=_pod_status(body["status"]) if "status" in body else PodStatus(),
    )


def _pod_status(status: Body) -> PodStatus:
    address = status.get("podIP")
    conditions = [
        _condition(each["type"], each["status"]) for each in status.get("conditions") or ()
    ]
    return _part(PodStatus, address and intern(address), tuple(conditions))


def _endpoint_slice(body: Body) -> EndpointSlice:
    ports = [_endpoint_port(each.get("name"), each.get("port")) for each in body.get("ports") or ()]
    return _object(
        EndpointSlice,
        body,
        address_type=body.get("addressType", "IPv4"),
        ports=tuple(ports),
        endpoints=tuple([_read_endpoint(each) for each in body.get("endpoints") or ()]),
    )


def _read_endpoint(each: Body) -> Endpoint:
    conditions, target = each.get("conditions"), each.get("targetRef")
    return _endpoint(
        tuple(each["addresses"]),
        None if conditions is None else (conditions.get("ready"),),
        None
        if target is None
        else (target.get("kind"), target.get("name"), target.get("namespace")),
    )


_BUILDERS: Final[Mapping[object, Callable[[Body], ApiObject]]] = {
    ("v1", "Pod"): _pod,
    ("discovery.k8s.io/v1", "EndpointSlice"): _endpoint_slice,
}


# --- Parts ---


def _metadata(written: Body) -> Metadata:
    annotations = interned(without_last_applied(written.get("annotations") or {}))
    return _part(
        Metadata,
        intern(written["name"]),
        intern(written.get("namespace") or "default"),
        interned(written.get("labels") or {}),
        annotations,
        written.get("creationTimestamp"),
        written.get("deletionTimestamp"),
    )


@lru_cache(_SHARED)
def _pod_spec(account: str, ports: tuple[tuple[tuple[int, str | None], ...], ...]) -> PodSpec:
    containers = [
        _part(Container, tuple([_part(ContainerPort, *port) for port in each])) for each in ports
    ]
    return _part(PodSpec, account, tuple(containers))


@lru_cache(_SHARED)
def _condition(kind: str, status: str) -> PodCondition:
    return _part(PodCondition, kind, status)


@lru_cache(_SHARED)
def _endpoint_port(name: str | None, port: int | None) -> EndpointPort:
    return _part(EndpointPort, name, port)


@lru_cache(_SHARED)
def _endpoint(
    addresses: tuple[str, ...],
    ready: tuple[bool | None] | None,
    target: tuple[str | None, ...] | None,
) -> Endpoint:
    return _part(
        Endpoint,
        tuple(map(intern, addresses)),
        CONDITIONS[ready[0]] if ready is not None else None,
        _part(TargetReference, *target) if target is not None else None,
    )


# --- How they are built ---

_set = object.__setattr__


def _object(kind: type[Object], body: Body, **fields: object) -> Object:
    """Do what ``model_construct`` does, which takes four times as long to look for aliases."""
    made = kind.__new__(kind)
    common = {"api_version": intern(body["apiVersion"]), "kind": intern(body["kind"])}
    _set(made, "__dict__", {**common, "metadata": _metadata(body["metadata"]), **fields})
    _set(made, "__pydantic_fields_set__", _FIELDS_SET)
    _set(made, "__pydantic_extra__", None)
    _set(made, "__pydantic_private__", None)
    return made


_FIELDS_SET: Final = {"api_version", "kind", "metadata"}
"""Nobody asks for it, so that all share one."""


def _part(kind: type[Part], *values: object) -> Part:
    """Return a slotted dataclass with these values of its fields, in their order."""
    made = object.__new__(kind)
    for assign, value in zip(_SETTERS[kind], values, strict=True):
        assign(made, value)
    return made


_SETTERS: Final[Mapping[type, tuple[Callable[[object, object], None], ...]]] = {
    kind: tuple(getattr(kind, name).__set__ for name in kind.__slots__)
    for kind in (
        *(Metadata, PodSpec, PodStatus, PodCondition, Container, ContainerPort),
        *(Endpoint, EndpointPort, TargetReference),
    )
}
