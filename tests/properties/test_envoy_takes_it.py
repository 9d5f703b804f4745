"""Whatever is accepted, Envoy takes: for one thing that it cannot take it refuses all the rest."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from straightway.catalog import Catalog
from straightway.documents import Bundle, Document
from straightway.intake import Intake
from straightway.offline.dump import dump
from tests.support.configs import GATEWAY, PathOrigin, entry, service
from tests.support.consistency import missing
from tests.support.validation import envoys_complaint

Spec = dict[str, Any]

NODES: dict[str, dict[str, Any]] = {
    "router~10.0.0.1~gw-1.default~default.svc.cluster.local": {"LABELS": {"istio": "gw"}},
    "sidecar~10.0.0.1~web-1.default~default.svc.cluster.local": {},
    "sidecar~10.0.0.1~web-2.default~default.svc.cluster.local": {"INTERCEPTION_MODE": "NONE"},
}


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Spec]:
    """Some of these fields, or all, or none."""
    return st.fixed_dictionaries({}, optional=fields)


def either(*choices: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(choices)


TEXT = st.text(max_size=12) | either("a", "x" * 300, "%", "%REQ(x)%", "é", "\t", "[", "a b", "")
NAMES = ("a.com", "A.com", "a.com.", "web", "web.default", "web.default.svc.cluster.local", "x.com")
HOST = either("*", "*.com", "*-b.com", "*.a.com", "10.0.0.1", "fd00::1", "nowhere.com", *NAMES)
SERVICE = either("web", "grpc", "x.com", "y.com", "nowhere", "web.default")
PATH = either("/", "/a", "/a/", "/" + "a" * 90, "/a.b(c)", "/é", "/%41") | TEXT.map("/{}".format)
REGEX = either("/.*", "a|b", "(?i)a", "[a-z]{3}", "a{40}", ".*", "\\d+")
DURATION = either("0s", "1ms", "1.5s", "1h", "876000h")
COUNT = either(0, 1, 7, 2**31 - 1)
HEADER = either("x-a", "X-B", "x_c", ":path", ":authority", "host", "content-type", "te")
MATCH = some(exact=TEXT, prefix=TEXT, regex=REGEX)
HEADERS = some(
    set=st.dictionaries(HEADER, TEXT, max_size=2),
    add=st.dictionaries(HEADER, TEXT, max_size=2),
    remove=st.lists(HEADER, max_size=2),
)
BOTH_HEADERS = some(request=HEADERS, response=HEADERS)
HTTP_MATCH = some(
    name=TEXT,
    uri=st.one_of(
        PATH.map(lambda path: {"exact": path}),
        PATH.map(lambda path: {"prefix": path}),
        REGEX.map(lambda regex: {"regex": regex}),
    ),
    ignoreUriCase=st.booleans(),
    method=either("GET", "get", "é").map(lambda text: {"exact": text}),
    authority=MATCH,
    headers=st.dictionaries(HEADER, MATCH, max_size=2),
    withoutHeaders=st.dictionaries(HEADER, MATCH, max_size=2),
    queryParams=st.dictionaries(TEXT, MATCH, max_size=2),
    port=either(80, 81),
)
DESTINATION = st.fixed_dictionaries(
    {"host": SERVICE},
    optional={"subset": either("v1", "v2"), "port": either({"number": 80}, {"number": 81})},
)
ROUTE_DESTINATION = st.fixed_dictionaries(
    {"destination": DESTINATION}, optional={"weight": COUNT, "headers": BOTH_HEADERS}
)
ACTION = st.one_of(
    st.fixed_dictionaries({"route": st.lists(ROUTE_DESTINATION, min_size=1, max_size=3)}),
    st.fixed_dictionaries(
        {
            "redirect": some(
                uri=PATH,
                authority=either("b.com", "b.com:80", "é", "[::1]"),
                scheme=either("http", "https"),
                port=either(1, 65_535),
                redirectCode=either(301, 302, 303, 307, 308),
            )
        }
    ),
    st.fixed_dictionaries(
        {
            "directResponse": st.fixed_dictionaries(
                {"status": either(200, 204, 304, 404, 599)},
                optional={"body": TEXT.map(lambda text: {"string": text})},
            )
        }
    ),
)
KEY_SOURCE = st.one_of(
    either("x-a", "X-B").map(lambda name: {"header": name}),
    either("/a/{}", "/{}", "/a.b(c)/{}:*", "/{}/" + "a" * 20).map(lambda text: {"path": text}),
    either("/(.*)", "(a|b)", "/((?i)a+)").map(lambda text: {"pathRegex": text}),
    either("model", "a-b[]", "é").map(lambda name: {"query": name}),
    either("model").map(lambda name: {"cookie": name}),
    either("model", "a.b", "é").map(lambda name: {"body": name}),
    either("model_name", "model_version").map(lambda name: {"grpcField": name}),
)
KEY = st.fixed_dictionaries(
    {"key": either("model", "x y", "é"), "from": st.lists(KEY_SOURCE, max_size=4)},
    optional={
        "preset": either("openai", "open-inference", "kserve-v1"),
        "values": st.dictionaries(TEXT, TEXT, max_size=2),
        "maxRequestBodySize": either(1, 2**30),
    },
)
REST = some(
    name=TEXT,
    match=st.lists(HTTP_MATCH, max_size=2),
    timeout=DURATION,
    rewrite=some(uri=PATH, authority=either("b.com", "b c", "é")),
    retries=some(
        attempts=COUNT,
        perTryTimeout=DURATION,
        retryOn=either("", "5xx", "503", "reset,429", "retriable-status-codes", ","),
        backoff=DURATION,
    ),
    headers=BOTH_HEADERS,
    dynamicSubsetKeys=st.lists(KEY, max_size=2),
    headerToDynamicSubsetKey=st.lists(
        st.fixed_dictionaries({"header": HEADER, "key": either("model", "x y", "é")}), max_size=2
    ),
)
HTTP = st.builds(lambda action, rest: {**rest, **action}, ACTION, REST)
VIRTUAL_SERVICE = st.fixed_dictionaries(
    {
        "hosts": st.lists(HOST, min_size=1, max_size=3),
        "gateways": st.just(["gw", "mesh"]),
        "http": st.lists(HTTP, min_size=1, max_size=3),
    }
)
BALANCER = some(
    simple=either("ROUND_ROBIN", "RANDOM", "LEAST_CONN", "PASSTHROUGH"),
    consistentHash=some(
        httpHeaderName=HEADER,
        httpCookie=st.fixed_dictionaries({"name": TEXT}, optional={"path": TEXT, "ttl": DURATION}),
        useSourceIp=st.booleans(),
        httpQueryParameterName=TEXT,
        maglev=some(tableSize=either(2, 3, 65_537)),
        ringHash=some(minimumRingSize=either(0, 1, 2048)),
        minimumRingSize=either(0, 5),
    ),
    dynamicSubset=st.fixed_dictionaries(
        {
            "subsetSelectors": st.lists(
                st.fixed_dictionaries(
                    {"keys": st.lists(either("model", "stage", "x y"), max_size=2)},
                    optional={"fallbackPolicy": either("ANY_ENDPOINT", "DEFAULT_SUBSET")},
                ),
                max_size=2,
            )
        },
        optional={
            "fallbackPolicy": either("ANY_ENDPOINT", "NO_FALLBACK", "DEFAULT_SUBSET"),
            "defaultSubset": st.dictionaries(either("model", "tier"), TEXT, max_size=2),
        },
    ),
)
POLICY = some(
    loadBalancer=BALANCER,
    connectionPool=some(
        tcp=some(
            maxConnections=COUNT,
            connectTimeout=DURATION,
            maxConnectionDuration=DURATION,
            tcpKeepalive=some(probes=COUNT, time=DURATION, interval=DURATION),
        ),
        http=some(
            http1MaxPendingRequests=COUNT,
            http2MaxRequests=COUNT,
            maxRequestsPerConnection=COUNT,
            maxRetries=COUNT,
            idleTimeout=DURATION,
            h2UpgradePolicy=either("DEFAULT", "UPGRADE"),
            useClientProtocol=st.booleans(),
            maxConcurrentStreams=COUNT,
        ),
    ),
    outlierDetection=some(
        consecutive5xxErrors=COUNT,
        consecutiveGatewayErrors=COUNT,
        consecutiveLocalOriginFailures=COUNT,
        splitExternalLocalOriginErrors=st.booleans(),
        interval=DURATION,
        baseEjectionTime=DURATION,
        maxEjectionPercent=either(0, 100),
        minHealthPercent=either(0, 100),
    ),
)
DESTINATION_RULE = st.fixed_dictionaries(
    {"host": SERVICE},
    optional={
        "trafficPolicy": POLICY,
        "subsets": st.lists(
            st.fixed_dictionaries({"name": either("v1", "v2")}, optional={"trafficPolicy": POLICY}),
            max_size=2,
        ),
    },
)
EXTERNAL = either("x.com", "y.com", "*.z.com", "web", "X.com")
SERVICE_ENTRY = st.fixed_dictionaries(
    {
        "hosts": st.lists(
            either("x.com", "y.com", "*.z.com", "web", "X.com"), min_size=1, max_size=2
        ),
        "ports": st.lists(
            st.fixed_dictionaries(
                {"number": either(80, 443), "name": either("a", "b")},
                optional={
                    "protocol": either("HTTP", "GRPC", "TLS", "UDP"),
                    "targetPort": either(1, 8080),
                },
            ),
            min_size=1,
            max_size=2,
        ),
        "resolution": either("NONE", "STATIC", "DNS", "DNS_ROUND_ROBIN"),
    },
    optional={
        "addresses": st.lists(either("10.0.0.1", "fd00::1", "10.0.0.0/8"), max_size=3),
        "endpoints": st.lists(
            st.fixed_dictionaries(
                {"address": either("10.1.0.1", "fd00::2", "e.com")},
                optional={
                    "labels": st.dictionaries(either("model", "v"), TEXT, max_size=1),
                    "ports": st.just({"a": 7000}),
                    "locality": either("", "r/z/s", "/", "r"),
                    "weight": COUNT,
                },
            ),
            max_size=2,
        ),
        "workloadSelector": st.just({"labels": {"app": "web"}}),
    },
)
OBJECTS = st.fixed_dictionaries(
    {
        "VirtualService": st.lists(VIRTUAL_SERVICE, max_size=3),
        "DestinationRule": st.lists(DESTINATION_RULE, max_size=3),
        "ServiceEntry": st.lists(SERVICE_ENTRY, max_size=2),
    }
)
PLAIN = "\n---\n".join(
    [
        GATEWAY,
        service("web", "{name: http, port: 80}, {name: http-b, port: 15001}, {port: 90}"),
        service("grpc", "{name: grpc, port: 80}", clusterIP="10.0.0.1"),
        entry("a", {"app": "web", "model": "m"}, "10.0.0.1", annotations={"model": '["a", 1]'}),
        entry("b", {"app": "grpc"}, "e.com"),
    ]
)


def catalog_of(objects: Mapping[str, list[Spec]]) -> Catalog:
    """The catalog of whatever of these is accepted, each by itself."""
    bodies = list(yaml.safe_load_all(PLAIN))
    bodies += [
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": kind,
            "metadata": {"name": f"{kind.lower()}-{index}"},
            "spec": spec,
        }
        for kind, specs in objects.items()
        for index, spec in enumerate(specs)
    ]
    documents = tuple(Document(body, PathOrigin("config.yaml")) for body in bodies)
    accepted = Intake().apply("folder", [Bundle("config.yaml", documents)], now=0.0)
    catalog = Catalog()
    catalog.change(accepted.changes)
    return catalog


@settings(max_examples=15, deadline=None)
@given(OBJECTS)
def test_envoy_takes_whatever_is_accepted(objects):
    catalog = catalog_of(objects)
    for node, metadata in NODES.items():
        resources = dump(catalog, node, metadata, (1, 40))

        assert missing(resources) == []
        with tempfile.TemporaryDirectory() as folder:
            complaint = envoys_complaint(resources, Path(folder))
        assert complaint is None, f"{node}: {complaint}\n{json.dumps(objects)}"
