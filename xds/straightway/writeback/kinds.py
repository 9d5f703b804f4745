"""The kinds that get a status, and the forms that their schemas want.

Kinds of core Kubernetes (Service, Pod, EndpointSlice) have a status of their own, which is
Kubernetes' and not ours: what is wrong with one becomes an Event.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from straightway.api.kinds import ASM, ISTIO_NETWORKING, STRAIGHTWAY
from straightway.documents import Reference
from straightway.kubernetes.resources import BY_KIND, Resource


@dataclass(frozen=True, slots=True)
class StatusKind:
    """How the status of a kind is written.

    ``is_istio``: the status has the form of ``istio.meta.v1alpha1.IstioStatus``, with generations
    as text and validation messages. ``is_endpoint``: endpoints change many times a second, so they
    have a status only while something is wrong with them, and none that counts proxies.
    ``is_sent``: proxies get something of it by itself.
    """

    resource: Resource
    is_istio: bool = True
    is_endpoint: bool = False
    is_sent: bool = True

    @property
    def counts_proxies(self) -> bool:
        """Whether its status says how many proxies have it."""
        return self.is_sent and not self.is_endpoint

    def path(self, api_version: str, reference: Reference) -> str:
        """Return the path of an object in the API version that it has."""
        version = api_version.rpartition("/")[2]
        return f"{self.resource.path(version, reference.namespace)}/{reference.name}"


STATUS_KINDS: Final[Mapping[tuple[str, str], StatusKind]] = MappingProxyType(
    {
        (ISTIO_NETWORKING, "Gateway"): StatusKind(BY_KIND[ISTIO_NETWORKING, "Gateway"]),
        (ISTIO_NETWORKING, "VirtualService"): StatusKind(
            BY_KIND[ISTIO_NETWORKING, "VirtualService"]
        ),
        (ISTIO_NETWORKING, "DestinationRule"): StatusKind(
            BY_KIND[ISTIO_NETWORKING, "DestinationRule"]
        ),
        (ISTIO_NETWORKING, "ServiceEntry"): StatusKind(BY_KIND[ISTIO_NETWORKING, "ServiceEntry"]),
        (ISTIO_NETWORKING, "WorkloadEntry"): StatusKind(
            BY_KIND[ISTIO_NETWORKING, "WorkloadEntry"], is_endpoint=True
        ),
        (ASM, "ASMGrpcJsonTranscoder"): StatusKind(
            BY_KIND[ASM, "ASMGrpcJsonTranscoder"], is_istio=False
        ),
        (STRAIGHTWAY, "ModelDiscovery"): StatusKind(
            BY_KIND[STRAIGHTWAY, "ModelDiscovery"], is_istio=False, is_sent=False
        ),
    }
)
"""(API group, kind) → how its status is written."""


def status_kind(reference: Reference) -> StatusKind | None:
    """Return how the status of an object is written; None if it gets none from us."""
    return STATUS_KINDS.get((reference.group, reference.kind))
