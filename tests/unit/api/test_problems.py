"""Bad input → the code, the path, and words that the message must have."""

from __future__ import annotations

import re

import pytest
from pydantic_core import ErrorDetails

from straightway.api import Code, VirtualService
from straightway.api.messages import code_of, message_of
from straightway.documents import Severity

VS, DR, GW, SE, WE = (
    "VirtualService",
    "DestinationRule",
    "Gateway",
    "ServiceEntry",
    "WorkloadEntry",
)
ASM = "ASMGrpcJsonTranscoder"


def http(route: str) -> str:
    return "{hosts: [a.com], http: [" + route + "]}"


def to_a(more: str) -> str:
    return http("{route: [{destination: {host: a}}], " + more + "}")


def match(condition: str) -> str:
    return to_a("match: [{" + condition + "}]")


def policy(text: str) -> str:
    return "{host: a, trafficPolicy: {" + text + "}}"


def lb(text: str) -> str:
    return policy("loadBalancer: {" + text + "}")


def server(port: str, more: str = "hosts: ['*']") -> str:
    return "{servers: [{port: {" + port + "}, " + more + "}]}"


H = "spec.http[0]"
LB = "spec.trafficPolicy.loadBalancer"
PORT = "number: 80, protocol: HTTP"

CASES = [
    # Fields, whatever they mean.
    (VS, to_a("timout: 1s"), "unknown-field", f"{H}.timout", "did you mean timeout?"),
    (VS, to_a("direct_response: {}"), "unknown-field", f"{H}.direct_response", "directResponse"),
    (
        VS,
        "{hosts: [a], timeout: 1s, http: [{directResponse: {status: 200}}]}",
        "unknown-field",
        "spec.timeout",
        "belongs in spec.http[]",
    ),
    (VS, "{http: [{directResponse: {status: 200}}]}", "missing-field", "spec.hosts", "add it"),
    (VS, "{hosts: [a]}", "missing-field", "spec", "write http"),
    (VS, "{hosts: [], http: [{directResponse: {status: 200}}]}", "empty-field", "spec.hosts", "*"),
    (VS, to_a("match: "), "empty-field", f"{H}.match", "remove the line"),
    (VS, to_a("match: {uri: {prefix: /}}"), "wrong-type", f"{H}.match", "a list: begin each"),
    (VS, to_a("rewrite: [{uri: /}]"), "wrong-type", f"{H}.rewrite", "not a list"),
    (
        VS,
        to_a("rewrite: /a"),
        "wrong-type",
        f"{H}.rewrite",
        "write uri or authority on indented lines",
    ),
    (VS, match("port: '80'"), "wrong-type", f"{H}.match[0].port", '"80" without the quotes'),
    (VS, match("uri: {exact: 5}"), "wrong-type", f"{H}.match[0].uri.exact", 'quotes, "5"'),
    (VS, match("ignoreUriCase: 'yes'"), "wrong-type", f"{H}.match[0].ignoreUriCase", "true or"),
    (DR, "{host: a, subsets: [{name: v1, labels: {on: true}}]}", "wrong-type", None, ""),
    (
        DR,
        "{host: a, subsets: [{name: v, labels: {a.b/c: true}}]}",
        "wrong-type",
        'spec.subsets[0].labels["a.b/c"]',
        'put it in quotes, "true"',
    ),
    (DR, lb("simple: ROUNDROBIN"), "unknown-value", f"{LB}.simple", "LEAST_REQUEST"),
    # Syntax.
    (
        VS,
        "{hosts: ['a*'], http: []}",
        "invalid-host",
        "spec.hosts[0]",
        "a wildcard can only come first",
    ),
    (VS, "{hosts: ['a:80'], http: []}", "invalid-host", "spec.hosts[0]", "remove the port"),
    (VS, "{hosts: ['http://a'], http: []}", "invalid-host", "spec.hosts[0]", "scheme"),
    (VS, "{hosts: ['a b'], http: []}", "invalid-host", "spec.hosts[0]", "DNS name"),
    (DR, "{host: 'a..b'}", "invalid-host", "spec.host", "DNS name"),
    (
        VS,
        http("{route: [{destination: {host: '*.a'}}]}"),
        "invalid-host",
        f"{H}.route[0].destination.host",
        "wildcard",
    ),
    (VS, to_a("timeout: 5"), "invalid-duration", f"{H}.timeout", '"5s"'),
    (VS, to_a("timeout: '5'"), "invalid-duration", f"{H}.timeout", '"5s"'),
    (VS, to_a("timeout: -1s"), "invalid-duration", f"{H}.timeout", "h, m, s, ms"),
    (VS, to_a("timeout: 9999999h"), "invalid-duration", f"{H}.timeout", "too long"),
    (VS, to_a("retries: {perTryTimeout: 0s}"), "invalid-duration", None, "one millisecond"),
    (VS, match("port: 65536"), "invalid-port", f"{H}.match[0].port", "1 to 65535"),
    (VS, match("headers: {'a b': {}}"), "invalid-header-name", None, "x-model"),
    (VS, match("queryParams: {'': {}}"), "empty-field", None, "query parameter"),
    (VS, match("uri: {regex: '(?=a)'}"), "invalid-regex", f"{H}.match[0].uri.regex", "look-around"),
    (VS, match(r"uri: {regex: '(a)\1'}"), "invalid-regex", f"{H}.match[0].uri.regex", "RE2"),
    (VS, match("uri: {regex: ''}"), "empty-field", f"{H}.match[0].uri.regex", "write one"),
    (VS, to_a("rewrite: {uri: a}"), "invalid-path", f"{H}.rewrite.uri", "with a slash"),
    (VS, to_a('rewrite: {authority: "a\\nb"}'), "invalid-host", f"{H}.rewrite.authority", "name"),
    (
        VS,
        to_a("headers: {request: {set: {a: 100%}}}"),
        "invalid-header-value",
        f"{H}.headers.request.set.a",
        "write %% for a percent sign",
    ),
    (VS, to_a("headers: {request: {add: {a: '%NOPE%'}}}"), "invalid-header-value", None, "NOPE"),
    (VS, to_a("headers: {request: {add: {a: '%REQ%'}}}"), "invalid-header-value", None, "REQ(x"),
    (
        VS,
        to_a("headers: {response: {add: {a: '%PROTOCOL(1)%'}}}"),
        "invalid-header-value",
        None,
        "neither parentheses",
    ),
    (
        VS,
        to_a("headers: {response: {add: {a: '%DURATION:3%'}}}"),
        "invalid-header-value",
        None,
        "nor a length",
    ),
    (VS, to_a('headers: {request: {add: {a: "x\\ny"}}}'), "invalid-header-value", None, "one line"),
    # Routes.
    (VS, match("uri: {exact: /a, prefix: /}"), "conflicting-fields", None, "only one of exact"),
    (VS, match("uri: {}"), "missing-field", f"{H}.match[0].uri", "exact, prefix or regex"),
    (VS, match("uri: {prefix: ''}"), "empty-field", f"{H}.match[0].uri.prefix", "everything"),
    (VS, match("method: {exact: ''}"), "empty-field", f"{H}.match[0].method.exact", "text"),
    (VS, match("uri: {prefix: a}"), "never-matches", f"{H}.match[0].uri.prefix", '"/a"'),
    (VS, match("uri: {exact: '/a?b'}"), "never-matches", None, "queryParams"),
    (VS, http("{name: a}"), "no-action", H, "route, redirect or directResponse"),
    (VS, to_a("redirect: {uri: /}"), "several-actions", f"{H}.redirect", "either route or"),
    (VS, to_a("directResponse: {status: 200}"), "several-actions", f"{H}.directResponse", ""),
    (
        VS,
        http("{route: [{destination: {host: a}}, {destination: {host: b}}]}"),
        "no-weight",
        f"{H}.route",
        "give each a weight",
    ),
    (
        VS,
        http("{route: [{destination: {host: a}, weight: -1}]}"),
        "out-of-range",
        f"{H}.route[0].weight",
        "from 0",
    ),
    (VS, to_a("rewrite: {}"), "missing-field", f"{H}.rewrite", "uri or authority"),
    (VS, http("{redirect: {}}"), "missing-field", f"{H}.redirect", "write uri"),
    (VS, http("{redirect: {uri: /, redirectCode: 200}}"), "unknown-value", None, "301, 302"),
    (VS, http("{redirect: {uri: /}, rewrite: {uri: /}}"), "conflicting-fields", None, "redirect"),
    (
        VS,
        http("{directResponse: {status: 200}, rewrite: {uri: /}}"),
        "conflicting-fields",
        f"{H}.rewrite",
        "direct response",
    ),
    (VS, http("{directResponse: {status: 99}}"), "out-of-range", None, "200 to 599"),
    (
        VS,
        http("{directResponse: {status: 200, body: {string: a, bytes: aa==}}}"),
        "conflicting-fields",
        f"{H}.directResponse.body.bytes",
        "either",
    ),
    (VS, http("{directResponse: {status: 200, body: {bytes: '?'}}}"), "invalid-base64", None, ""),
    (
        VS,
        http("{directResponse: {status: 200, body: {string: " + "a" * 4097 + "}}}"),
        "out-of-range",
        f"{H}.directResponse.body",
        "4,096 bytes",
    ),
    (
        VS,
        to_a("retries: {retryOn: '5xx,never'}"),
        "unknown-value",
        f"{H}.retries.retryOn",
        '"never"',
    ),
    (VS, to_a("retries: {attempts: -1}"), "out-of-range", f"{H}.retries.attempts", "from 0"),
    (VS, "{hosts: [a, A], http: [{redirect: {uri: /}}]}", "duplicate-value", None, "twice"),
    (VS, to_a("headers: {request: {add: {Host: a}}}"), "immutable-header", None, "authority"),
    (VS, to_a("headers: {response: {set: {Host: a}}}"), "immutable-header", None, "authority"),
    (VS, to_a("headers: {request: {set: {':path': a}}}"), "immutable-header", None, "rewrite.uri"),
    (
        VS,
        to_a("headers: {request: {remove: [a, ':path']}}"),
        "immutable-header",
        f"{H}.headers.request.remove[1]",
        "rewrite.uri",
    ),
    (
        VS,
        to_a("headerToDynamicSubsetKey: [{header: '', key: a}]"),
        "invalid-header-name",
        f"{H}.headerToDynamicSubsetKey[0].header",
        "",
    ),
    (
        VS,
        to_a("headerToDynamicSubsetKey: [{header: a, key: ''}]"),
        "empty-field",
        f"{H}.headerToDynamicSubsetKey[0].key",
        "subset keys",
    ),
    (
        VS,
        to_a("headerToDynamicSubsetKey: [{header: a, key: k}, {header: b, key: k}]"),
        "subset-key-mapped-twice",
        f"{H}.headerToDynamicSubsetKey[1].key",
        "the last",
    ),
    # Destination rules.
    (
        DR,
        lb("simple: RANDOM, consistentHash: {useSourceIp: true}"),
        "conflicting-fields",
        f"{LB}.consistentHash",
        "either simple or",
    ),
    (DR, lb("consistentHash: {}"), "missing-field", f"{LB}.consistentHash", "what to hash"),
    (
        DR,
        lb("consistentHash: {useSourceIp: true, httpHeaderName: a}"),
        "conflicting-fields",
        f"{LB}.consistentHash.useSourceIp",
        "either httpHeaderName or useSourceIp",
    ),
    (
        DR,
        lb("consistentHash: {useSourceIp: true, maglev: {tableSize: 10}}"),
        "out-of-range",
        f"{LB}.consistentHash.maglev.tableSize",
        "prime",
    ),
    (
        DR,
        lb("consistentHash: {useSourceIp: true, ringHash: {minimumRingSize: 9000000}}"),
        "out-of-range",
        f"{LB}.consistentHash.ringHash.minimumRingSize",
        "8388608",
    ),
    (DR, policy("outlierDetection: {maxEjectionPercent: 101}"), "out-of-range", None, "percentage"),
    (DR, policy("outlierDetection: {interval: 0s}"), "invalid-duration", None, "millisecond"),
    (DR, policy("connectionPool: {tcp: {connectTimeout: 0s}}"), "invalid-duration", None, ""),
    (DR, "{host: a, subsets: [{name: v}, {name: v}]}", "duplicate-value", None, "rename one"),
    (
        DR,
        "{host: a, subsets: [{name: ''}]}",
        "empty-field",
        "spec.subsets[0].name",
        "routes can refer to",
    ),
    # Gateways.
    (GW, "{servers: []}", "empty-field", "spec.servers", "at least one"),
    (GW, server(PORT, "hosts: []"), "empty-field", "spec.servers[0].hosts", '"*"'),
    (GW, server(PORT, "hosts: ['a b/c']"), "invalid-host", None, "namespace/host"),
    (GW, server(PORT, "hosts: [x/*a*]"), "invalid-host", None, "wildcard"),
    (GW, server("number: 80, protocol: FTP"), "unknown-value", None, "HTTP"),
    (GW, server(PORT, "hosts: ['*'], bind: eth0"), "invalid-address", None, "0.0.0.0"),
    # Service entries and workloads.
    (SE, "{hosts: [a], ports: []}", "missing-field", "spec.ports", "at least one port"),
    (SE, "{hosts: ['*'], ports: [{number: 1, name: a}]}", "invalid-host", "spec.hosts[0]", "*"),
    (
        SE,
        "{hosts: [a], ports: [{number: 1, name: a}, {number: 1, name: a}]}",
        "duplicate-value",
        "spec.ports[1].name",
        "rename one",
    ),
    (
        SE,
        "{hosts: [a], ports: [{number: 1, name: a}], resolution: STATIC, "
        "endpoints: [{address: b}]}",
        "invalid-address",
        "spec.endpoints[0].address",
        "resolution DNS",
    ),
    (
        SE,
        "{hosts: [a], ports: [{number: 1, name: a}], endpoints: [{address: 10.0.0.1}]}",
        "conflicting-fields",
        "spec.endpoints",
        "STATIC or DNS",
    ),
    (SE, "{hosts: [a], addresses: [b], ports: []}", "invalid-address", None, "CIDR"),
    (WE, "{address: 10.0.0.1, ports: {http: 0}}", "invalid-port", "spec.ports.http", ""),
    (WE, "{address: 10.0.0.1, weight: 9999999}", "out-of-range", "spec.weight", ""),
    (WE, "{adress: 10.0.0.1}", "unknown-field", "spec.adress", "address?"),
    # Transcoders.
    (ASM, "{services: [a.B]}", "missing-field", "spec.protoDescriptorBin", "kserve_predict_v2"),
    (ASM, "{protoDescriptorBin: aaaa}", "missing-field", "spec.services", "gRPC services"),
    (ASM, "{protoDescriptorBin: '*'}", "invalid-base64", "spec.protoDescriptorBin", "base64"),
    (ASM, "{services: [a], protoDescriptorBin: ''}", "empty-field", None, "descriptor_set_out"),
    (ASM, "{builtinProtoDescriptor: v3}", "unknown-value", None, "kserve_predict_v2"),
    (
        ASM,
        "{builtinProtoDescriptor: kserve_predict_v2, protoDescriptorBin: aaaa, services: [a]}",
        "conflicting-fields",
        "spec.builtinProtoDescriptor",
        "either",
    ),
]


@pytest.mark.parametrize(
    ("kind", "spec", "code", "path", "words"),
    CASES,
    ids=[f"{case[2]}-{index}" for index, case in enumerate(CASES)],
)
def test_bad_input_is_said_so_that_it_can_be_mended(read_spec, kind, spec, code, path, words):
    parsed = read_spec(kind, spec)

    problem = next((each for each in parsed.problems if each.code == code), None)
    assert problem is not None, parsed.problems
    assert path is None or problem.path == path
    assert words in problem.message
    assert problem.subject == f"{kind} shop/checkout"
    assert problem.severity is Code(code).severity
    assert (parsed.object is None) == any(each.is_error for each in parsed.problems)


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_no_message_speaks_of_the_machinery(read_spec, case):
    for problem in read_spec(case[0], case[1]).problems:
        assert not re.search(r"Input should|valid dictionary|pydantic|NoneType", problem.message)
        assert problem.message.endswith((".", "?"))


def test_all_problems_come_at_once(read_spec):
    parsed = read_spec(
        VS,
        """
        hosts: [a.com, "b*", A.com]
        tiemout: 1s
        http:
        - timeout: 5
          fault: {abort: {}}
          match: [{uri: {exact: a, prefix: /b}}]
          headers: {request: {set: {":path": x, a: "%"}}}
          route: [{destination: {host: x, port: {number: 0}}}]
        - {}
        """,
    )

    assert {(problem.path, problem.code) for problem in parsed.problems} == {
        ("spec.hosts[1]", "invalid-host"),
        ("spec.tiemout", "unknown-field"),
        ("spec.http[0].timeout", "invalid-duration"),
        ("spec.http[0].fault", "not-translated-yet"),
        ("spec.http[0].match[0].uri.prefix", "conflicting-fields"),
        ("spec.http[0].match[0].uri.exact", "never-matches"),
        ('spec.http[0].headers.request.set[":path"]', "immutable-header"),
        ("spec.http[0].headers.request.set.a", "invalid-header-value"),
        ("spec.http[0].route[0].destination.port.number", "invalid-port"),
        ("spec.http[1]", "no-action"),
    }


def test_a_problem_says_where_it_is(read_spec):
    (problem,) = read_spec(DR, policy("outlierDetection: {interval: 5}")).problems

    assert problem.origin == "file.yaml:spec/trafficPolicy/outlierDetection/interval"
    assert problem.path == "spec.trafficPolicy.outlierDetection.interval"
    assert problem.severity is Severity.ERROR


def test_a_missing_thing_is_said_once(read_spec):
    (problem,) = read_spec(VS, http("{route: [{weight: 1}]}")).problems

    assert problem.path == "spec.http[0].route[0].destination"


def test_a_mistake_without_words_of_its_own_names_the_value_and_the_field():
    error: ErrorDetails = {"type": "finite_number", "loc": (), "msg": "", "input": "x"}

    message = message_of(VirtualService, ("spec", "http", 0), error, lambda path: None)

    assert code_of(error) == "invalid-value"
    assert message == '"x" cannot be used as http.'
