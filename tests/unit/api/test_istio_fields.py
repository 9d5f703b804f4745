"""Every field of Istio's API is known here: used, or passed over with a warning.

https://istio.io/latest/docs/reference/config/networking/, as of Istio 1.28.
"""

from __future__ import annotations

import pytest

FIELDS = {
    ("DestinationRule",): "host trafficPolicy subsets exportTo workloadSelector",
    ("DestinationRule", "subsets", 0): "name labels trafficPolicy",
    ("DestinationRule", "trafficPolicy"): (
        "loadBalancer connectionPool outlierDetection tls portLevelSettings tunnel proxyProtocol "
        "retryBudget"
    ),
    ("DestinationRule", "trafficPolicy", "loadBalancer"): (
        "simple consistentHash localityLbSetting warmup warmupDurationSecs"
    ),
    ("DestinationRule", "trafficPolicy", "loadBalancer", "consistentHash"): (
        "httpHeaderName httpCookie useSourceIp httpQueryParameterName ringHash maglev "
        "minimumRingSize"
    ),
    ("DestinationRule", "trafficPolicy", "loadBalancer", "consistentHash", "httpCookie"): (
        "name path ttl attributes"
    ),
    ("DestinationRule", "trafficPolicy", "loadBalancer", "consistentHash", "ringHash"): (
        "minimumRingSize"
    ),
    ("DestinationRule", "trafficPolicy", "loadBalancer", "consistentHash", "maglev"): "tableSize",
    ("DestinationRule", "trafficPolicy", "connectionPool"): "tcp http",
    ("DestinationRule", "trafficPolicy", "connectionPool", "tcp"): (
        "maxConnections connectTimeout tcpKeepalive maxConnectionDuration idleTimeout"
    ),
    ("DestinationRule", "trafficPolicy", "connectionPool", "tcp", "tcpKeepalive"): (
        "probes time interval"
    ),
    ("DestinationRule", "trafficPolicy", "connectionPool", "http"): (
        "http1MaxPendingRequests http2MaxRequests maxRequestsPerConnection maxRetries idleTimeout "
        "h2UpgradePolicy useClientProtocol maxConcurrentStreams"
    ),
    ("DestinationRule", "trafficPolicy", "outlierDetection"): (
        "consecutiveErrors splitExternalLocalOriginErrors consecutiveLocalOriginFailures "
        "consecutiveGatewayErrors consecutive5xxErrors interval baseEjectionTime "
        "maxEjectionPercent minHealthPercent"
    ),
    ("VirtualService",): "hosts gateways http tls tcp exportTo",
    ("VirtualService", "http", 0): (
        "name match route redirect directResponse delegate rewrite timeout retries fault mirror "
        "mirrors mirrorPercent mirror_percent mirrorPercentage corsPolicy headers"
    ),
    ("VirtualService", "http", 0, "match", 0): (
        "name uri scheme method authority headers port sourceLabels gateways queryParams "
        "ignoreUriCase withoutHeaders sourceNamespace statPrefix"
    ),
    ("VirtualService", "http", 0, "match", 0, "uri"): "exact prefix regex",
    ("VirtualService", "http", 0, "match", 0, "headers", "x"): "exact prefix regex",
    ("VirtualService", "http", 0, "route", 0): "destination weight headers",
    ("VirtualService", "http", 0, "route", 0, "destination"): "host subset port",
    ("VirtualService", "http", 0, "headers"): "request response",
    ("VirtualService", "http", 0, "headers", "request"): "set add remove",
    ("VirtualService", "http", 0, "redirect"): (
        "uri authority port derivePort scheme redirectCode"
    ),
    ("VirtualService", "http", 0, "directResponse"): "status body",
    ("VirtualService", "http", 0, "directResponse", "body"): "string bytes",
    ("VirtualService", "http", 0, "delegate"): "name namespace",
    ("VirtualService", "http", 0, "rewrite"): "uri authority uriRegexRewrite",
    ("VirtualService", "http", 0, "retries"): (
        "attempts perTryTimeout retryOn retryRemoteLocalities retryIgnorePreviousHosts backoff"
    ),
    ("Gateway",): "servers selector",
    ("Gateway", "servers", 0): "port bind hosts tls defaultEndpoint name",
    ("Gateway", "servers", 0, "port"): "number protocol name targetPort",
    ("ServiceEntry",): (
        "hosts addresses ports location resolution endpoints workloadSelector exportTo "
        "subjectAltNames"
    ),
    ("ServiceEntry", "ports", 0): "number protocol name targetPort",
    ("ServiceEntry", "workloadSelector"): "labels",
    ("ServiceEntry", "endpoints", 0): (
        "address ports labels network locality weight serviceAccount"
    ),
    ("WorkloadEntry",): "address ports labels network locality weight serviceAccount",
}


def unknown_fields(read, place, fields):
    """Return those of the fields that do not exist at a place; each is given no value."""
    kind, *path = place
    spec: object = dict.fromkeys(fields)
    for step in reversed(path):
        spec = [spec] if step == 0 else {step: spec}
    body = {"apiVersion": "networking.istio.io/v1", "kind": kind, "metadata": {"name": "a"}}
    problems = read({**body, "spec": spec}).problems
    return [
        problem.path.rpartition(".")[2] for problem in problems if problem.code == "unknown-field"
    ]


@pytest.mark.parametrize("place", FIELDS, ids=lambda place: ".".join(map(str, place)))
def test_every_field_is_known(read, place):
    assert unknown_fields(read, place, [*FIELDS[place].split(), "madeUp"]) == ["madeUp"]
