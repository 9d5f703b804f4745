"""What people write: one module a kind, and the way from a document to an object.

:func:`parse` gives a frozen object, or every problem of the document at once. No I/O, no
protobuf: the next stage is :mod:`straightway.catalog`, which holds the accepted objects together.
"""

from straightway.api.codes import Code
from straightway.api.destination_rule import DestinationRule
from straightway.api.endpoint_slice import EndpointSlice
from straightway.api.gateway import Gateway
from straightway.api.grpc_json_transcoder import GrpcJsonTranscoder
from straightway.api.identity import generation_of, is_known, reference_of
from straightway.api.kinds import KINDS
from straightway.api.metadata import Metadata
from straightway.api.objects import ApiObject
from straightway.api.parse import Parsed, parse
from straightway.api.pod import Pod
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
    "Parsed",
    "Pod",
    "Service",
    "ServiceEntry",
    "VirtualService",
    "WorkloadEntry",
    "generation_of",
    "is_known",
    "parse",
    "reference_of",
]
