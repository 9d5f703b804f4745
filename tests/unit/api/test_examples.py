from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from straightway.api import DestinationRule, VirtualService, is_known, parse
from straightway.api.dynamic_subset import FallbackPolicy
from straightway.documents import Document, Origin

DEMO = Path(__file__).parents[3] / "demo"

TUTORIAL = """
apiVersion: networking.istio.io/v1beta1
kind: DestinationRule
metadata: {name: modelmesh-serving, namespace: modelmesh-serving}
spec:
  host: modelmesh-serving
  trafficPolicy:
    loadBalancer:
      dynamicSubset:
        subsetSelectors:
        - fallbackPolicy: ANY_ENDPOINT
          keys:
          - modelmesh.asm.alibabacloud.com
---
apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata: {name: vs-modelmesh-serving-service, namespace: modelmesh-serving}
spec:
  gateways:
  - grpc-gateway
  hosts:
  - '*'
  http:
  - headerToDynamicSubsetKey:
    - header: model
      key: modelmesh.asm.alibabacloud.com
    match:
    - port: 8008
    name: default
    route:
    - destination:
        host: modelmesh-serving
        port:
          number: 8033
"""


def test_the_tutorials_resources_are_read_unchanged(read):
    rule, routes = map(read, yaml.safe_load_all(TUTORIAL))

    assert rule.problems == routes.problems == ()
    assert isinstance(rule.object, DestinationRule)
    assert isinstance(routes.object, VirtualService)
    policy = rule.object.spec.traffic_policy
    assert policy is not None
    assert policy.load_balancer is not None
    assert policy.load_balancer.dynamic_subset is not None
    selector = policy.load_balancer.dynamic_subset.subset_selectors[0]
    assert selector.keys == ("modelmesh.asm.alibabacloud.com",)
    assert selector.fallback_policy is FallbackPolicy.ANY_ENDPOINT
    route = routes.object.spec.http[0]
    assert route.match[0].port == 8008
    port = route.route[0].destination.port
    assert port is not None
    assert port.number == 8033
    assert route.header_to_dynamic_subset_key[0].header == "model"


def test_two_keys_from_two_headers_are_read(read_spec):
    rule = read_spec(
        "DestinationRule",
        """
        host: helloworld
        trafficPolicy:
          loadBalancer:
            dynamicSubset:
              subsetSelectors: [{keys: [stage, version]}]
        """,
    )
    routes = read_spec(
        "VirtualService",
        """
        hosts: ['*']
        http:
        - headerToDynamicSubsetKey:
          - {header: x-stage, key: stage}
          - {header: x-version, key: version}
          route: [{destination: {host: helloworld, port: {number: 8000}}}]
        """,
    )

    assert rule.problems == routes.problems == ()
    subset = rule.object.spec.traffic_policy.load_balancer.dynamic_subset
    assert subset.keys == {"stage", "version"}
    assert subset.subset_selectors[0].fallback_policy is FallbackPolicy.NO_FALLBACK


def documents_of_the_demo() -> Iterator[object]:
    for file in sorted(DEMO.rglob("*.yaml")):
        for document in yaml.safe_load_all(file.read_text()):
            if document["kind"] == "StatefulSet":
                continue  # It starts the runtimes, and is not config.
            items = document["items"] if document.get("kind") == "List" else [document]
            for index, item in enumerate(items):
                yield pytest.param(item, id=f"{file.relative_to(DEMO)}-{index}")


@pytest.mark.parametrize("body", list(documents_of_the_demo()))
def test_what_lies_under_demo_is_read_without_a_problem(read, body):
    assert is_known(body)
    assert read(body).problems == ()


def test_an_ordinary_route_is_read_in_full(read_spec):
    parsed = read_spec(
        "VirtualService",
        """
        hosts: [shop.example.com, "*.shop.example.com"]
        gateways: [edge/public, mesh]
        http:
        - name: api
          match:
          - uri: {prefix: /api}
            headers: {x-user: {regex: "a.*"}, x-debug: {}}
            withoutHeaders: {x-old: {}}
            queryParams: {v: {exact: ""}}
            method: {exact: GET}
            ignoreUriCase: true
          route:
          - destination: {host: checkout, subset: v1}
            weight: 90
            headers: {response: {remove: [server]}}
          - {destination: {host: checkout, subset: v2}, weight: 10}
          rewrite: {uri: /, authority: "checkout:80"}
          timeout: 1.5s
          retries: {attempts: 3, perTryTimeout: 500ms, retryOn: "5xx,unavailable,503"}
          headers:
            request: {set: {x-from: "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"}, add: {a: 100%%}}
        - match: [{uri: {exact: /old}}]
          redirect: {uri: /new, redirectCode: 308}
        - directResponse: {status: 404, body: {bytes: bm90IGhlcmU=}}
        """,
    )

    assert parsed.problems == ()
    api, old, rest = parsed.object.spec.http
    assert api.timeout == timedelta(seconds=1.5)
    assert api.retries.per_try_timeout == timedelta(milliseconds=500)
    assert [route.weight for route in api.route] == [90, 10]
    assert api.match[0].headers["x-debug"].regex is None
    assert old.redirect.redirect_code == 308
    assert rest.direct_response.body.content == b"not here"


def test_an_ordinary_traffic_policy_is_read_in_full(read_spec):
    parsed = read_spec(
        "DestinationRule",
        """
        host: "*.shop.svc.cluster.local"
        exportTo: ["*"]
        trafficPolicy:
          loadBalancer:
            consistentHash:
              httpCookie: {name: user, path: /, ttl: 0s}
              maglev: {tableSize: 65537}
          connectionPool:
            tcp:
              maxConnections: 100
              connectTimeout: 30ms
              tcpKeepalive: {time: 7200s, interval: 75s, probes: 3}
            http: {http1MaxPendingRequests: 10, http2MaxRequests: 0, h2UpgradePolicy: UPGRADE}
          outlierDetection:
            consecutive5xxErrors: 7
            interval: 5m
            baseEjectionTime: 15m
            maxEjectionPercent: 50
        subsets:
        - name: v1
          labels: {version: v1}
          trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}}
        """,
    )

    assert parsed.problems == ()
    policy = parsed.object.spec.traffic_policy
    assert policy.load_balancer.consistent_hash.http_cookie.ttl == timedelta()
    assert policy.connection_pool.http.http2_max_requests is None
    assert policy.outlier_detection.consecutive_5xx_errors == 7
    assert parsed.object.spec.subsets[0].traffic_policy.load_balancer.simple == "ROUND_ROBIN"


def test_objects_cannot_be_changed(read_spec):
    gateway = read_spec(
        "Gateway", "{servers: [{port: {number: 80, protocol: http}, hosts: ['./a.com', '*']}]}"
    ).object

    assert gateway.spec.servers[0].is_http
    with pytest.raises(ValueError, match="frozen"):
        gateway.spec.servers[0].port.number = 81


def test_a_document_and_its_origin_stay_apart():
    class NoOrigin(Origin):
        def at(self, path=()):
            raise AssertionError("asked for the place of a document without problems")

    assert parse(Document(next(yaml.safe_load_all(TUTORIAL)), NoOrigin())).problems == ()
