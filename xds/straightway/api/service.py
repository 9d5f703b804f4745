"""Service: a name and ports for the Pods that its selector matches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic.dataclasses import dataclass

from straightway.api.codes import Code
from straightway.api.faults import Fault, raise_faults
from straightway.api.metadata import Labels
from straightway.api.model import KUBERNETES
from straightway.api.objects import KubernetesObject
from straightway.api.spelling import spelled
from straightway.api.suggestions import fields_of
from straightway.api.texts import quoted
from straightway.api.values import Host, Port, none_as_empty_list, none_as_empty_str

_UNUSED = frozenset(
    {
        "allocateLoadBalancerNodePorts",
        "clusterIPs",
        "externalIPs",
        "externalTrafficPolicy",
        "healthCheckNodePort",
        "internalTrafficPolicy",
        "ipFamilies",
        "ipFamily",
        "ipFamilyPolicy",
        "loadBalancerClass",
        "loadBalancerIP",
        "loadBalancerSourceRanges",
        "sessionAffinity",
        "sessionAffinityConfig",
        "topologyKeys",
        "trafficDistribution",
    }
)
"""https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/"""


@dataclass(frozen=True, slots=True, config=KUBERNETES)
class ServicePort:
    """One port. ``target_port`` None: the same as ``port``; text: the name of a container port."""

    port: Port
    name: str | None = None
    target_port: Port | str | None = None
    protocol: str = "TCP"
    app_protocol: str | None = None


_CheckedPort = Annotated[ServicePort, spelled(fields_of(ServicePort), ["nodePort"])]


def _check_ports(ports: tuple[ServicePort, ...], info: ValidationInfo) -> tuple[ServicePort, ...]:
    if len(ports) > 1:
        raise_faults(_duplicates(ports), info, "ports")
    return ports


def _duplicates(ports: tuple[ServicePort, ...]) -> Iterator[Fault]:
    """Yield the ports that Kubernetes refuses, because an earlier one has the name or number."""
    names: set[str] = set()
    numbers: set[tuple[int, str]] = set()
    for index, port in enumerate(ports):
        if port.name and port.name in names:
            message = f"Another port is already named {quoted(port.name)}: rename one."
            yield Fault(Code.DUPLICATE_VALUE, message, (index, "name"))
        if (port.port, port.protocol) in numbers:
            message = f"Another port already has the number {port.port}: change one."
            yield Fault(Code.DUPLICATE_VALUE, message, (index, "port"))
        names.add(port.name or "")
        numbers.add((port.port, port.protocol))


@dataclass(frozen=True, slots=True, config=KUBERNETES)
class ServiceSpec:
    """The used fields of a Service."""

    type: str = "ClusterIP"
    cluster_ip: Annotated[str | None, Field(alias="clusterIP")] = None
    selector: Labels = Field(default_factory=dict)
    external_name: Host | None = None
    ports: Annotated[
        tuple[_CheckedPort, ...], BeforeValidator(none_as_empty_list), AfterValidator(_check_ports)
    ] = ()
    publish_not_ready_addresses: bool = False

    @model_validator(mode="after")
    def _check(self, info: ValidationInfo) -> Self:
        if not self.ports and self.type != "ExternalName" and self.cluster_ip != "None":
            message = "ports is required: add it. Only a headless Service needs none."
            fault = Fault(Code.MISSING_FIELD, message, ("ports",))
            raise_faults((fault,), info, "spec")
        return self


@dataclass(frozen=True, slots=True, config=KUBERNETES)
class LoadBalancerIngress:
    """An address of a load balancer: an IP address or a host name."""

    ip: Annotated[str, BeforeValidator(none_as_empty_str)] = ""
    hostname: Annotated[str, BeforeValidator(none_as_empty_str)] = ""


@dataclass(frozen=True, slots=True, config=KUBERNETES)
class LoadBalancerStatus:
    """Where the load balancer of a Service can be reached; nowhere yet without entries."""

    ingress: Annotated[tuple[LoadBalancerIngress, ...], BeforeValidator(none_as_empty_list)] = ()


@dataclass(frozen=True, slots=True, config=KUBERNETES)
class ServiceStatus:
    """The used fields of a Service's status."""

    load_balancer: LoadBalancerStatus = Field(default_factory=LoadBalancerStatus)


def _status_or_none(value: Any, handler: ValidatorFunctionWrapHandler) -> ServiceStatus:
    """Return a status, an empty one for what is not: others write it, and nobody can mend it."""
    try:
        status: ServiceStatus = handler(value)
    except ValidationError:
        return ServiceStatus()
    return status


class Service(KubernetesObject):
    """A Kubernetes Service."""

    spec: Annotated[ServiceSpec, spelled(fields_of(ServiceSpec), _UNUSED)]
    status: Annotated[ServiceStatus, WrapValidator(_status_or_none)] = Field(
        default_factory=ServiceStatus
    )
