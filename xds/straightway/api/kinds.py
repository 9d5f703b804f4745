"""The supported kinds. A new kind is a module of its own and one line here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from straightway.api.destination_rule import DestinationRule
from straightway.api.endpoint_slice import EndpointSlice
from straightway.api.gateway import Gateway
from straightway.api.grpc_json_transcoder import GrpcJsonTranscoder
from straightway.api.model_discovery import ModelDiscovery
from straightway.api.objects import ApiObject
from straightway.api.pod import Pod
from straightway.api.secret import Secret
from straightway.api.service import Service
from straightway.api.service_entry import ServiceEntry
from straightway.api.virtual_service import VirtualService
from straightway.api.workload_entry import WorkloadEntry

CORE: Final = ""
DISCOVERY: Final = "discovery.k8s.io"
ISTIO_NETWORKING: Final = "networking.istio.io"
ASM: Final = "istio.alibabacloud.com"
STRAIGHTWAY: Final = "straightway.dev"

KINDS: Final[Mapping[tuple[str, str], type[ApiObject]]] = MappingProxyType(
    {
        (ISTIO_NETWORKING, "Gateway"): Gateway,
        (ISTIO_NETWORKING, "VirtualService"): VirtualService,
        (ISTIO_NETWORKING, "DestinationRule"): DestinationRule,
        (ISTIO_NETWORKING, "ServiceEntry"): ServiceEntry,
        (ISTIO_NETWORKING, "WorkloadEntry"): WorkloadEntry,
        (CORE, "Service"): Service,
        (CORE, "Pod"): Pod,
        (CORE, "Secret"): Secret,
        (DISCOVERY, "EndpointSlice"): EndpointSlice,
        (ASM, "ASMGrpcJsonTranscoder"): GrpcJsonTranscoder,
        (STRAIGHTWAY, "ModelDiscovery"): ModelDiscovery,
    }
)
"""(API group, kind) → its model."""

VERSIONS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        ISTIO_NETWORKING: ("v1", "v1beta1", "v1alpha3"),
        CORE: ("v1",),
        DISCOVERY: ("v1",),
        ASM: (),
        STRAIGHTWAY: ("v1alpha1",),
    }
)
"""API group → the supported versions, () for any."""


def split_api_version(api_version: str) -> tuple[str, str]:
    """Return group and version: ``networking.istio.io/v1`` and ``v1`` (the core group is "")."""
    group, _, version = api_version.rpartition("/")
    return group, version
