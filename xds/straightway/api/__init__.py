"""The supported APIs: one module per kind, and the parser from documents to objects.

:func:`parse` returns a frozen object, or every problem of the document at once. No I/O, no
protobuf. The next stage is :mod:`straightway.intake`, which decides which objects are in force.
"""

from straightway.api.codes import Code
from straightway.api.destination_rule import DestinationRule
from straightway.api.endpoint_slice import EndpointSlice
from straightway.api.gateway import Gateway
from straightway.api.grpc_json_transcoder import GrpcJsonTranscoder
from straightway.api.identity import generation_of, is_known, reference_of
from straightway.api.kinds import KINDS
from straightway.api.metadata import Metadata
from straightway.api.model_discovery import ModelDiscovery
from straightway.api.objects import ApiObject
from straightway.api.parse import Parsed, parse, parse_known
from straightway.api.pod import Pod
from straightway.api.secret import Secret
from straightway.api.service import Service
from straightway.api.service_entry import ServiceEntry
from straightway.api.virtual_service import VirtualService
from straightway.api.workload_entry import WorkloadEntry

__all__ = [
    "KINDS",
    "ApiObject",
    "Code",
    "DestinationRule",
    "EndpointSlice",
    "Gateway",
    "GrpcJsonTranscoder",
    "Metadata",
    "ModelDiscovery",
    "Parsed",
    "Pod",
    "Secret",
    "Service",
    "ServiceEntry",
    "VirtualService",
    "WorkloadEntry",
    "generation_of",
    "is_known",
    "parse",
    "parse_known",
    "reference_of",
]
