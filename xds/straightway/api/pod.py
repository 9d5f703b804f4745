"""Pod: where a Service's selector finds workloads when no EndpointSlice names them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic.dataclasses import dataclass

from straightway.api.metadata import Interned
from straightway.api.model import KUBERNETES
from straightway.api.objects import KubernetesObject
from straightway.api.values import Port, none_as_empty_list


@dataclass(frozen=True, slots=True, config=KUBERNETES)
class ContainerPort:
    """A port that a Service's ``targetPort`` can call by name."""

    container_port: Port
    name: Interned | None = None


@dataclass(frozen=True, slots=True, config=KUBERNETES)
class Container:
    """One container."""

    ports: Annotated[tuple[ContainerPort, ...], BeforeValidator(none_as_empty_list)] = ()


@dataclass(frozen=True, slots=True, config=KUBERNETES)
class PodSpec:
    """The used fields of a Pod's spec."""

    service_account_name: str = "default"
    containers: Annotated[tuple[Container, ...], BeforeValidator(none_as_empty_list)] = ()


@dataclass(frozen=True, slots=True, config=KUBERNETES)
class PodCondition:
    """One condition, such as Ready."""

    type: Interned
    status: Interned


@dataclass(frozen=True, slots=True, config=KUBERNETES)
class PodStatus:
    """The Pod's status."""

    pod_ip: Annotated[Interned | None, Field(alias="podIP")] = None
    conditions: Annotated[tuple[PodCondition, ...], BeforeValidator(none_as_empty_list)] = ()


class Pod(KubernetesObject):
    """A Kubernetes Pod."""

    spec: PodSpec
    status: PodStatus = PodStatus()

    @property
    def is_ready(self) -> bool:
        """Whether it accepts traffic: it has an address, is Ready, and is not being deleted."""
        ready = any(
            condition.type == "Ready" and condition.status == "True"
            for condition in self.status.conditions
        )
        return ready and bool(self.status.pod_ip) and self.metadata.deletion_timestamp is None

    def port_named(self, name: str) -> int | None:
        """Return the number of the container port with this name, or None."""
        for container in self.spec.containers:
            for port in container.ports:
                if port.name == name:
                    return port.container_port
        return None
