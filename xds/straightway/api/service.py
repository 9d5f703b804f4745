"""Service: a name and ports for the Pods that its selector matches."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic.dataclasses import dataclass

from straightway.api.metadata import Labels
from straightway.api.model import KUBERNETES
from straightway.api.objects import KubernetesObject
from straightway.api.values import Host, Port, none_as_empty_list


@dataclass(frozen=True, slots=True, config=KUBERNETES)
class ServicePort:
    """One port. ``target_port`` None: the same as ``port``; text: the name of a container port."""

    port: Port
    name: str | None = None
    target_port: Port | str | None = None
    protocol: str = "TCP"
    app_protocol: str | None = None


@dataclass(frozen=True, slots=True, config=KUBERNETES)
class ServiceSpec:
    """The used fields of a Service."""

    type: str = "ClusterIP"
    cluster_ip: Annotated[str | None, Field(alias="clusterIP")] = None
    selector: Labels = Field(default_factory=dict)
    external_name: Host | None = None
    ports: Annotated[tuple[ServicePort, ...], BeforeValidator(none_as_empty_list)] = ()
    publish_not_ready_addresses: bool = False


class Service(KubernetesObject):
    """A Kubernetes Service."""

    spec: ServiceSpec
