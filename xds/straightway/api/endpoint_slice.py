"""EndpointSlice: addresses of the Pods behind a Service."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic.dataclasses import dataclass

from straightway.api.metadata import Interned
from straightway.api.model import KUBERNETES
from straightway.api.objects import KubernetesObject
from straightway.api.values import Port, none_as_empty_list

SERVICE_NAME_LABEL = "kubernetes.io/service-name"


@dataclass(frozen=True, slots=True, config=KUBERNETES)
class EndpointPort:
    """A port that all endpoints of the slice have, named as the Service's port is."""

    name: str | None = None
    port: Port | None = None


@dataclass(frozen=True, slots=True, config=KUBERNETES)
class EndpointConditions:
    """The state of an endpoint; None: unknown."""

    ready: bool | None = None


CONDITIONS = {ready: EndpointConditions(ready) for ready in (True, False, None)}
"""The conditions that all endpoints in a state share: there may be 100,000 of these."""


def _shared(conditions: object) -> object:
    """Let all endpoints in the same state share one value."""
    if isinstance(conditions, dict):
        ready = conditions.get("ready")
        if ready is None or isinstance(ready, bool):
            return CONDITIONS[ready]
    return conditions


@dataclass(frozen=True, slots=True, config=KUBERNETES)
class TargetReference:
    """The object behind an endpoint, most often a Pod."""

    kind: Interned | None = None
    name: Interned | None = None
    namespace: Interned | None = None


@dataclass(frozen=True, slots=True, config=KUBERNETES)
class Endpoint:
    """One Pod. All ``addresses`` belong to the same Pod."""

    addresses: tuple[Interned, ...]
    conditions: Annotated[EndpointConditions | None, BeforeValidator(_shared)] = None
    target_ref: TargetReference | None = None

    @property
    def is_ready(self) -> bool:
        """Whether it accepts traffic; the Kubernetes API says to treat unknown as yes."""
        return self.conditions is None or self.conditions.ready is not False


class EndpointSlice(KubernetesObject):
    """Some or all endpoints of one Service."""

    address_type: str = "IPv4"
    ports: Annotated[tuple[EndpointPort, ...], BeforeValidator(none_as_empty_list)] = ()
    endpoints: Annotated[tuple[Endpoint, ...], BeforeValidator(none_as_empty_list)] = Field(
        default=()
    )

    @property
    def service_name(self) -> str | None:
        """The Service in the same namespace that the slice belongs to."""
        return self.metadata.labels.get(SERVICE_NAME_LABEL)
