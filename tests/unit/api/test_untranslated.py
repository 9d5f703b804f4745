"""A field that is valid in Istio and not translated yet: a warning, not silence, not an error."""

from __future__ import annotations

import pytest

from straightway.documents import Severity

ROUTE = "route: [{destination: {host: a}}]"

CASES = [
    ("VirtualService", "fault", "no fault is injected", "fault: {abort: {httpStatus: 500}}"),
    ("VirtualService", "mirror", "mirrored", "mirror: {host: b}"),
    ("VirtualService", "mirrors", "mirrored", "mirrors: [{destination: {host: b}}]"),
    ("VirtualService", "mirror_percent", "mirrored", "mirror_percent: 1"),
    ("VirtualService", "mirrorPercent", "mirrored", "mirrorPercent: 1"),
    ("VirtualService", "mirrorPercentage", "mirrored", "mirrorPercentage: {value: 1}"),
    ("VirtualService", "corsPolicy", "CORS", "corsPolicy: {allowMethods: [GET]}"),
    ("VirtualService", "statPrefix", "statistics", "match: [{statPrefix: a}]"),
    ("VirtualService", "sourceLabels", "match is left out", "match: [{sourceLabels: {a: b}}]"),
    ("VirtualService", "sourceNamespace", "match is left out", "match: [{sourceNamespace: a}]"),
    ("VirtualService", "uriRegexRewrite", "stays as it is", "rewrite: {uriRegexRewrite: {}}"),
    ("VirtualService", "retryRemoteLocalities", "", "retries: {retryRemoteLocalities: true}"),
    ("DestinationRule", "tls", "plain text", "trafficPolicy: {tls: {mode: SIMPLE}}"),
    ("DestinationRule", "portLevelSettings", "", "trafficPolicy: {portLevelSettings: [{}]}"),
    ("DestinationRule", "tunnel", "", "trafficPolicy: {tunnel: {}}"),
    ("DestinationRule", "proxyProtocol", "", "trafficPolicy: {proxyProtocol: {}}"),
    ("DestinationRule", "retryBudget", "", "trafficPolicy: {retryBudget: {percent: 20}}"),
    ("DestinationRule", "workloadSelector", "", "workloadSelector: {matchLabels: {a: b}}"),
    ("DestinationRule", "exportTo", "every namespace", "exportTo: [.]"),
    (
        "DestinationRule",
        "warmup",
        "full share",
        "trafficPolicy: {loadBalancer: {warmup: {duration: 1s}}}",
    ),
    (
        "DestinationRule",
        "localityLbSetting",
        "localities",
        "trafficPolicy: {loadBalancer: {localityLbSetting: {enabled: true}}}",
    ),
    (
        "DestinationRule",
        "consecutiveErrors",
        "consecutive5xxErrors",
        "trafficPolicy: {outlierDetection: {consecutiveErrors: 5}}",
    ),
    ("ServiceEntry", "subjectAltNames", "certificate", "subjectAltNames: [a]"),
    ("ServiceEntry", "resolution", "left out", "resolution: DYNAMIC_DNS"),
    ("ServiceEntry", "resolution", "as with DNS", "resolution: DNS_ROUND_ROBIN"),
    (
        "ServiceEntry",
        "network",
        "its own address",
        "resolution: STATIC, endpoints: [{address: 10.0.0.1, network: vm}]",
    ),
    (
        "ServiceEntry",
        "serviceAccount",
        "identity",
        "resolution: STATIC, endpoints: [{address: 10.0.0.1, serviceAccount: a}]",
    ),
]


@pytest.mark.parametrize(
    ("kind", "field", "words", "text"), CASES, ids=[f"{case[0]}-{case[1]}" for case in CASES]
)
def test_it_is_a_warning_that_says_what_happens_instead(read_spec, kind, field, words, text):
    around = {
        "VirtualService": "{hosts: [a], http: [{" + ROUTE + ", " + text + "}]}",
        "DestinationRule": "{host: a, " + text + "}",
        "ServiceEntry": "{hosts: [a.com], ports: [{number: 80, name: http}], " + text + "}",
    }

    parsed = read_spec(kind, around[kind])

    (problem,) = parsed.problems
    assert problem.code == "not-translated-yet"
    assert problem.severity is Severity.WARNING
    assert problem.path.endswith(field)
    assert words in problem.message
    assert parsed.object is not None


def test_tls_and_tcp_routes_alone_leave_a_valid_object(read_spec):
    parsed = read_spec("VirtualService", "{hosts: [a], tls: [{}], tcp: [{}]}")

    assert [problem.path for problem in parsed.problems] == ["spec.tls", "spec.tcp"]
    assert parsed.object is not None
    assert parsed.object.spec.http == ()


def test_a_route_by_delegate_says_that_it_is_left_out(read_spec):
    parsed = read_spec(
        "VirtualService",
        "{hosts: [a], http: [{delegate: {name: b}}, {" + ROUTE + "}]}",
    )

    assert [problem.path for problem in parsed.problems] == ["spec.http[0].delegate"]
    assert [route.is_left_out for route in parsed.object.spec.http] == [True, False]


def test_a_match_that_cannot_be_kept_whole_matches_nothing(read_spec):
    parsed = read_spec(
        "VirtualService",
        "{hosts: [a], http: [{match: [{sourceLabels: {a: b}}, {port: 80}], " + ROUTE + "}]}",
    )

    (route,) = parsed.object.spec.http
    assert [match.is_left_out for match in route.match] == [True, False]
    assert not route.is_left_out


def test_a_server_that_is_not_http_is_left_out_with_a_warning(read_spec):
    parsed = read_spec(
        "Gateway",
        """
        servers:
        - {port: {number: 80, protocol: HTTP}, hosts: ['*'], bind: unix:///run/a}
        - port: {number: 443, protocol: HTTPS}
          hosts: ['*']
          tls: {mode: SIMPLE, credentialName: a}
        """,
    )

    assert [problem.path for problem in parsed.problems] == [
        "spec.servers[0].bind",
        "spec.servers[1].tls",
        "spec.servers[1].port.protocol",
    ]
    assert [server.is_http for server in parsed.object.spec.servers] == [True, False]
    assert parsed.object.spec.servers[0].bind is None


def test_what_means_no_more_than_leaving_it_out_gives_no_warning(read_spec):
    policy = "{tls: {mode: DISABLE}, tunnel: null, portLevelSettings: []}"
    rule = f"{{host: a, exportTo: ['*'], trafficPolicy: {policy}}}"

    assert read_spec("DestinationRule", rule).problems == ()
    assert read_spec("WorkloadEntry", "{address: 10.0.0.1, network: ''}").problems == ()


def test_the_message_names_the_field_as_it_is_written(read_spec):
    parsed = read_spec("DestinationRule", "{host: a, exportTo: [.]}")

    (problem,) = parsed.problems
    assert problem.message.startswith("exportTo is valid but not translated yet")


def test_a_udp_port_of_a_service_is_left_out_with_a_warning(read_spec):
    parsed = read_spec(
        "ServiceEntry", "{hosts: [a.com], ports: [{number: 53, name: dns, protocol: UDP}]}"
    )

    (problem,) = parsed.problems
    assert (problem.code, problem.path) == ("not-translated-yet", "spec.ports[0].protocol")
    assert parsed.object is not None


def test_a_redirect_to_https_that_does_not_happen_is_reported(read_spec):
    server = "{port: {number: 80, protocol: HTTP}, hosts: ['*'], tls: {httpsRedirect: %s}}"

    (problem,) = read_spec("Gateway", f"servers: [{server % 'true'}]").problems

    assert problem.path == "spec.servers[0].tls"
    assert "without a redirect to HTTPS" in problem.message
    assert read_spec("Gateway", f"servers: [{server % 'false'}]").problems == ()


def test_headers_that_envoy_keeps_to_itself_are_taken_out(read_spec):
    parsed = read_spec(
        "VirtualService",
        "{hosts: [a], http: [{" + ROUTE + ", headers: {request: "
        "{set: {Host: b, ':path': /, x: y}, remove: [host, z]}}}]}",
    )

    assert {problem.code for problem in parsed.problems} == {"immutable-header"}
    request = parsed.object.spec.http[0].headers.request
    assert request.set == {"x": "y"}
    assert request.remove == ("z",)


def test_a_warning_beside_an_error_is_said_too(read_spec):
    parsed = read_spec("DestinationRule", "{host: 'a b', exportTo: [.]}")

    assert parsed.object is None
    assert {problem.code for problem in parsed.problems} == {"invalid-host", "not-translated-yet"}
