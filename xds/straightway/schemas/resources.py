"""What a CRD says besides its schema: names, versions, and the columns of ``kubectl get``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from straightway.api.kinds import ASM, ISTIO_NETWORKING, STRAIGHTWAY
from straightway.kubernetes.resources import BY_KIND


@dataclass(frozen=True, slots=True)
class Column:
    """A column of ``kubectl get``; one with a ``priority`` above 0 only with ``-o wide``."""

    name: str
    path: str
    description: str
    type: str = "string"
    priority: int = 0


def _condition(condition: str, description: str, priority: int = 0) -> Column:
    path = f'.status.conditions[?(@.type=="{condition}")].status'
    return Column(condition, path, description, priority=priority)


_AGE = Column("Age", ".metadata.creationTimestamp", "When the object was created.", "date")
_ACCEPTED = _condition("Accepted", "Whether Straightway accepts the object.")
_RESOLVED = _condition("ResolvedRefs", "Whether everything that the object names exists.", 1)
_PROGRAMMED = _condition("Programmed", "Whether the proxies have accepted the config.")
_STATE = (_ACCEPTED, _RESOLVED, _PROGRAMMED, _AGE)


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind as a resource of the API server. The first of ``versions`` is the stored one.

    Plurals are written once, where the kinds are followed.
    """

    plural: str
    versions: tuple[str, ...]
    columns: tuple[Column, ...]
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


def _istio(kind: str, short_name: str, *columns: Column) -> Resource:
    """Return a networking kind of Istio; since 1.22 it stores v1, and serves all three."""
    followed = BY_KIND[ISTIO_NETWORKING, kind]
    return Resource(
        followed.plural,
        followed.versions,
        columns=(*columns, *_STATE),
        short_names=(short_name,),
        categories=("istio-io", "networking-istio-io"),
    )


_HOST = Column("Host", ".spec.host", "The host to which the rule applies.")
_HOSTS = Column("Hosts", ".spec.hosts", "The hosts.")
_GATEWAYS = Column("Gateways", ".spec.gateways", "The gateways at which the routes apply.")
_LOCATION = Column("Location", ".spec.location", "Whether the service is part of the mesh.")
_RESOLUTION = Column("Resolution", ".spec.resolution", "How its addresses are found.")
_REACHED_AT = Column(
    "Address", ".status.addresses[0].value", "Where clients reach the gateway's Service."
)
_ADDRESS = Column("Address", ".spec.address", "The workload's address.")
_SERVICE = Column("Service", ".spec.service", "The service whose runtimes are asked.")
_ASKED = Column("Asked", ".status.runtimes.asked", "How many runtimes are asked.", "integer")
_ANSWERING = Column(
    "Answering", ".status.runtimes.answering", "How many of them answer.", "integer"
)
_MODELS = Column("Models", ".status.models.ready", "How many models they hold.", "integer")

RESOURCES: Final[Mapping[tuple[str, str], Resource]] = MappingProxyType(
    {
        (ISTIO_NETWORKING, "Gateway"): _istio("Gateway", "gw", _REACHED_AT),
        (ISTIO_NETWORKING, "VirtualService"): _istio("VirtualService", "vs", _GATEWAYS, _HOSTS),
        (ISTIO_NETWORKING, "DestinationRule"): _istio("DestinationRule", "dr", _HOST),
        (ISTIO_NETWORKING, "ServiceEntry"): _istio(
            "ServiceEntry", "se", _HOSTS, _LOCATION, _RESOLUTION
        ),
        (ISTIO_NETWORKING, "WorkloadEntry"): _istio("WorkloadEntry", "we", _ADDRESS),
        (ASM, "ASMGrpcJsonTranscoder"): Resource(
            BY_KIND[ASM, "ASMGrpcJsonTranscoder"].plural, versions=("v1beta1",), columns=_STATE
        ),
        (STRAIGHTWAY, "ModelDiscovery"): Resource(
            BY_KIND[STRAIGHTWAY, "ModelDiscovery"].plural,
            BY_KIND[STRAIGHTWAY, "ModelDiscovery"].versions,
            columns=(_SERVICE, _ASKED, _ANSWERING, _MODELS, *_STATE),
            short_names=("md",),
        ),
    }
)
"""(API group, kind) → its names; the kinds of :data:`straightway.api.KINDS` that have a CRD."""
