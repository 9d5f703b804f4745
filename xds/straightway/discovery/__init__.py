"""The xDS protocol over grpc.aio, as a library: it serves any resources to any Envoy.

It must not know where resources come from or what they mean: no module here imports other parts of
straightway.

The reading order: ``resources``, ``table`` and ``cache`` hold what is served; ``requests`` and
``response`` are the messages; ``subscription``, with its parts ``progress``, ``verdicts`` and
``removals`` and its variants ``sotw`` and ``delta`` (with ``initial_versions``), ``lifetimes``,
``order`` and ``session`` are the protocol, without I/O; ``stream`` with ``patience``, ``services``,
``settings`` and ``server`` connect it to gRPC, and ``access`` admits clients; ``callbacks``,
``client``, ``report``, ``rejections``, ``delivery``, ``status``, ``csds``, ``health`` and
``reflecting`` report what happens.
"""

from straightway.discovery.access import Admission, Authenticate, Peer, RefusedError
from straightway.discovery.cache import Cache
from straightway.discovery.callbacks import Callbacks, Closed, Push
from straightway.discovery.client import ClientState, Rejection, Sent, TypeState
from straightway.discovery.delivery import Delivery
from straightway.discovery.limits import Limits
from straightway.discovery.rejections import resources_meant
from straightway.discovery.resources import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    RESOURCE_TYPES,
    ROUTE_CONFIGURATION,
    RUNTIME,
    SCOPED_ROUTE_CONFIGURATION,
    SECRET,
    TYPED_EXTENSION_CONFIG,
    VIRTUAL_HOST,
    Resource,
)
from straightway.discovery.response import Variant
from straightway.discovery.server import DiscoveryServer
from straightway.discovery.session import Received
from straightway.discovery.settings import AGED_STREAMS_END, Settings, grpc_options
from straightway.discovery.verdicts import Verdict
from straightway.discovery.wire import field as encoded_field
from straightway.discovery.wire import field_head as encoded_field_head

__all__ = [
    "AGED_STREAMS_END",
    "CLUSTER",
    "CLUSTER_LOAD_ASSIGNMENT",
    "LISTENER",
    "RESOURCE_TYPES",
    "ROUTE_CONFIGURATION",
    "RUNTIME",
    "SCOPED_ROUTE_CONFIGURATION",
    "SECRET",
    "TYPED_EXTENSION_CONFIG",
    "VIRTUAL_HOST",
    "Admission",
    "Authenticate",
    "Cache",
    "Callbacks",
    "ClientState",
    "Closed",
    "Delivery",
    "DiscoveryServer",
    "Limits",
    "Peer",
    "Push",
    "Received",
    "RefusedError",
    "Rejection",
    "Resource",
    "Sent",
    "Settings",
    "TypeState",
    "Variant",
    "Verdict",
    "encoded_field",
    "encoded_field_head",
    "grpc_options",
    "resources_meant",
]
