"""What the models check between fields, as far as an API server can check it.

A rule is in CEL (https://kubernetes.io/docs/reference/using-api/cel/). Before it accepts a CRD, the
API server estimates the cost of each rule: what it costs at most, times the most items of every
list around it. So the lists around rules have limits, and what would cost too much is left to the
models: no rule inspects the matches or destinations of a route.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from pydantic import BaseModel

from straightway.api.destination_rule import DestinationRuleSpec
from straightway.api.dynamic_subset import DynamicSubset, SubsetSelector
from straightway.api.grpc_json_transcoder import GrpcJsonTranscoderSpec
from straightway.api.http_actions import Body, Redirect, Rewrite
from straightway.api.load_balancer import ConsistentHash, LoadBalancer
from straightway.api.matching import HeaderMatch, StringMatch, UriMatch
from straightway.api.service_entry import ServiceEntrySpec
from straightway.api.virtual_service import HttpRoute, VirtualServiceSpec

MOST_ROUTES: Final = 12_000
"""Of a VirtualService. No object has room for more routes that each have a match: see
:data:`straightway.api.extent.MOST_VALUES`."""
MOST_SUBSETS: Final = 5_000
"""Of a DestinationRule."""
MOST_SELECTORS: Final = 50
"""Of a dynamic subset."""
_MOST_PORTS = 256  # As in Istio's own CRD.


class Rule(NamedTuple):
    """A condition in CEL, and what to write if it does not hold."""

    condition: str
    message: str


def _not_both(first: str, second: str, message: str) -> Rule:
    return Rule(f"!(has(self.{first}) && has(self.{second}))", message)


_ROUTES = "has(self.route) && self.route.size() > 0"
_DEFAULT = "== 'DEFAULT_SUBSET'"

RULES: Final[Mapping[type[BaseModel], tuple[Rule, ...]]] = MappingProxyType(
    {
        DynamicSubset: (
            Rule(
                "has(self.subsetSelectors) && self.subsetSelectors.size() > 0",
                "Without selectors there are no subsets: add one with its keys.",
            ),
            Rule(
                "(has(self.defaultSubset) && self.defaultSubset.size() > 0)"
                f" || !(has(self.fallbackPolicy) && self.fallbackPolicy {_DEFAULT}"
                " || has(self.subsetSelectors) && self.subsetSelectors.exists(s,"
                f" has(s.fallbackPolicy) && s.fallbackPolicy {_DEFAULT}))",
                "DEFAULT_SUBSET needs a subset to fall back to: write defaultSubset beside "
                "subsetSelectors, with labels and values such as {version: v1}.",
            ),
        ),
        SubsetSelector: (
            Rule(
                "has(self.keys) && self.keys.size() > 0",
                "Without keys there are no subsets: name at least one endpoint label.",
            ),
        ),
        LoadBalancer: (
            _not_both(
                "simple", "consistentHash", "Write either simple or consistentHash, not both."
            ),
            Rule(
                "!(has(self.dynamicSubset) && has(self.simple) && self.simple == 'PASSTHROUGH')",
                "PASSTHROUGH chooses no endpoint, so subsets have no effect: use another.",
            ),
        ),
        ConsistentHash: (
            Rule(
                "[has(self.httpHeaderName), has(self.httpCookie), "
                "has(self.useSourceIp) && self.useSourceIp, has(self.httpQueryParameterName)]"
                ".filter(given, given).size() == 1",
                "Say what to hash: write one of httpHeaderName, httpCookie, useSourceIp and "
                "httpQueryParameterName.",
            ),
            _not_both("ringHash", "maglev", "Write either ringHash or maglev, not both."),
        ),
        HttpRoute: (
            Rule(
                f"{_ROUTES} || has(self.redirect) || has(self.directResponse)"
                " || has(self.delegate)",
                "Say what happens to the requests: write route, redirect or directResponse.",
            ),
            Rule(
                f"[{_ROUTES}, has(self.redirect), has(self.directResponse), has(self.delegate)]"
                ".filter(given, given).size() < 2",
                "A route does one thing: write only one of route, redirect and directResponse.",
            ),
            _not_both(
                "redirect",
                "rewrite",
                "A redirect forwards no request: write the new path in redirect.uri.",
            ),
            _not_both(
                "directResponse",
                "rewrite",
                "A direct response forwards no request: remove rewrite.",
            ),
        ),
        Body: (_not_both("string", "bytes", "Write either string or bytes, not both."),),
        ServiceEntrySpec: (
            Rule(
                "has(self.ports) && self.ports.size() > 0",
                "A service needs at least one port: write ports.",
            ),
            Rule(
                "!has(self.ports) || self.ports.all(one,"
                " self.ports.exists_one(other, other.number == one.number))",
                "Two ports have the same number: change one.",
            ),
            Rule(
                "!self.hosts.exists(host, host == '*')",
                "A service cannot have the host *: write its name, such as api.example.com.",
            ),
            Rule(
                "!(has(self.workloadSelector) && has(self.endpoints) && self.endpoints.size() > 0)",
                "Write either endpoints or a workloadSelector, not both.",
            ),
            Rule(
                "!(has(self.endpoints) && self.endpoints.size() > 0)"
                " || has(self.resolution) && self.resolution != 'NONE'",
                "With resolution NONE no endpoints are used: use resolution STATIC or DNS.",
            ),
        ),
        GrpcJsonTranscoderSpec: (
            Rule(
                "has(self.protoDescriptorBin) || has(self.builtinProtoDescriptor)",
                "A transcoder needs a descriptor of the messages: write protoDescriptorBin "
                "(base64), or builtinProtoDescriptor: kserve_predict_v2.",
            ),
            _not_both(
                "protoDescriptorBin",
                "builtinProtoDescriptor",
                "Write either protoDescriptorBin or builtinProtoDescriptor, not both.",
            ),
            Rule(
                "!has(self.protoDescriptorBin) || has(self.services) && self.services.size() > 0",
                "List the gRPC services to transcode, with their packages: inference.Predictor.",
            ),
        ),
    }
)
"""A model → the conditions between its fields."""

_ONE: Final = {"minProperties": 1, "maxProperties": 1}

OF_MODELS: Final[Mapping[type[BaseModel], Mapping[str, Any]]] = MappingProxyType(
    {
        HeaderMatch: {"maxProperties": 1},
        StringMatch: _ONE,
        UriMatch: _ONE,
        Redirect: {"minProperties": 1},
        Rewrite: {"minProperties": 1},
    }
)
"""A model → what else the schema says of it, at no cost."""

OF_FIELDS: Final[Mapping[tuple[type[BaseModel], str], Mapping[str, Any]]] = MappingProxyType(
    {
        (VirtualServiceSpec, "http"): {"maxItems": MOST_ROUTES},
        (DestinationRuleSpec, "subsets"): {"maxItems": MOST_SUBSETS},
        (DynamicSubset, "subsetSelectors"): {"maxItems": MOST_SELECTORS},
        # Names are unique, and server-side apply merges ports by them, as with Istio's own CRD.
        (ServiceEntrySpec, "ports"): {
            "maxItems": _MOST_PORTS,
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
        },
    }
)
"""A model's field → what else the schema says of it."""
