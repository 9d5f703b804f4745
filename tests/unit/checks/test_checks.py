"""What is wrong between objects: every code, its place and its words."""

from __future__ import annotations

import pytest

from straightway.documents import Problem
from tests.support.configs import entry, istio, reviewed, service

WEB = service("web", "{name: http, port: 80}")
TWO_PORTS = service("web", "{name: http, port: 80}, {name: grpc, port: 81}")
GATEWAY = istio(
    "Gateway",
    "gw",
    """
    selector: {istio: gateway}
    servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*.com']}]
    """,
)
RULE = istio(
    "DestinationRule",
    "web",
    """
    host: web
    trafficPolicy: {loadBalancer: {dynamicSubset: {subsetSelectors: [{keys: [model]}]}}}
    subsets:
    - {name: v1, labels: {version: v1}}
    - {name: plain, trafficPolicy: {loadBalancer: {simple: RANDOM}}}
    """,
)


def virtual_service(
    destination: str = "host: web",
    *,
    mapping: str = "",
    gateways: str = "mesh",
    host: str = "a.com",
    name: str = "vs",
) -> str:
    return istio(
        "VirtualService",
        name,
        f"""
        hosts: ['{host}']
        gateways: [{gateways}]
        http:
        - {{{mapping} route: [{{destination: {{{destination}}}}}]}}
        """,
    )


def problems(*texts: str) -> list[Problem]:
    _, found = reviewed(*texts)
    return found


def the_problem(*texts: str) -> Problem:
    (found,) = problems(*texts)
    return found


def test_whole_config_has_no_problems():
    destination = "host: web, subset: v1, port: {number: 80}"
    mapping = "headerToDynamicSubsetKey: [{header: model, key: model}],"
    text = virtual_service(destination, mapping=mapping, gateways="gw, mesh")

    assert problems(WEB, GATEWAY, RULE, text) == []


def test_of_two_rules_for_one_host_the_younger_hears_what_is_not_in_force():
    text = """
        host: web.default
        trafficPolicy: {loadBalancer: {simple: RANDOM}}
        subsets: [{name: v2}, {name: v1}]
    """
    found = problems(WEB, RULE, istio("DestinationRule", "z", text))

    assert [(each.code, each.path, each.subject) for each in found] == [
        ("duplicate-destination-rule", path, "DestinationRule default/z")
        for path in ("spec.subsets[1].name", "spec.trafficPolicy")
    ]
    assert all("DestinationRule default/web" in each.message for each in found)
    assert not any(each.is_error for each in found)


def test_rules_for_one_host_may_have_subsets_each():
    assert (
        problems(WEB, RULE, istio("DestinationRule", "z", "{host: web, subsets: [{name: v2}]}"))
        == []
    )


class TestWhoAsks:
    """A check asks in the namespace in which translation asks."""

    GATEWAY = istio(
        "Gateway",
        "gw",
        """
        selector: {istio: gateway}
        servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]
        """,
        "edge",
    )
    ROUTES = """
        hosts: [a.com]
        gateways: [%s]
        http:
        - headerToDynamicSubsetKey: [{header: model, key: model}]
          route: [{destination: {host: web.default.svc.cluster.local, subset: v1}}]
        """
    RULE = """
        host: web.default.svc.cluster.local
        trafficPolicy: {loadBalancer: {dynamicSubset: {subsetSelectors: [{keys: [model]}]}}}
        subsets: [{name: v1, labels: {version: v1}}]
        """

    @pytest.mark.parametrize(
        ("gateway", "rules_in", "is_seen"),
        [
            ("edge/gw", "edge", True),
            ("edge/gw", "default", True),
            ("edge/gw", "istio-system", True),
            ("edge/gw", "routes", False),
            ("mesh", "routes", True),
            ("mesh", "edge", False),
        ],
    )
    def test_a_gateway_asks_in_its_own_namespace(self, gateway, rules_in, is_seen):
        found = problems(
            WEB,
            self.GATEWAY,
            istio("VirtualService", "vs", self.ROUTES % gateway, "routes"),
            istio("DestinationRule", "r", self.RULE, rules_in),
        )

        expected = [] if is_seen else ["subset-key-without-selector", "unknown-subset"]
        assert sorted(each.code for each in found) == expected


def test_a_destination_without_port_means_the_port_that_clients_call():
    elsewhere = GATEWAY.replace("number: 80", "number: 82")
    text = virtual_service("host: web", gateways="gw")

    assert problems(TWO_PORTS, GATEWAY, text) == []
    problem = the_problem(TWO_PORTS, elsewhere, text)
    assert (problem.code, problem.path) == (
        "unknown-port",
        "spec.http[0].route[0].destination",
    )
    assert "has the ports 80, 81: choose one" in problem.message


@pytest.mark.parametrize(
    "gateway", ["gw", "./gw", "default/gw", "gw.default", "gw.default.svc.cluster.local"]
)
def test_a_gateway_may_be_named_in_every_way_that_istio_knows(gateway):
    assert problems(WEB, GATEWAY, virtual_service(gateways=gateway)) == []


@pytest.mark.parametrize(
    ("host", "hint"),
    [
        ("nothing", "requests for it are answered with 503."),
        ("web.shop", 'Did you mean "web.default.svc.cluster.local"?'),
        ("webb.default.svc.cluster.local", 'Did you mean "web.default.svc.cluster.local"?'),
    ],
)
def test_a_destination_that_does_not_exist(host, hint):
    problem = the_problem(WEB, virtual_service(f"host: {host}"))

    assert problem.code == "unknown-host"
    assert problem.path == "spec.http[0].route[0].destination.host"
    assert f'no Service or ServiceEntry "{host}"' in problem.message
    assert problem.message.endswith(hint)
    assert not problem.is_error


def test_a_service_of_another_namespace_is_meant_by_its_name():
    elsewhere = service("web", "{name: http, port: 80}", "shop")

    problem = the_problem(elsewhere, virtual_service())

    assert problem.code == "unknown-host"
    assert 'Did you mean "web.shop.svc.cluster.local"?' in problem.message


def test_a_rule_for_a_host_that_does_not_exist():
    problem = the_problem(istio("DestinationRule", "web", "host: web"))

    assert (problem.code, problem.path) == ("unknown-host", "spec.host")
    assert "in the namespace default" in problem.message


def test_a_rule_for_a_wildcard_needs_no_host():
    assert problems(istio("DestinationRule", "all", "host: '*.example.com'")) == []


def test_a_gateway_that_does_not_exist():
    problem = the_problem(WEB, GATEWAY, virtual_service(gateways="gv"))

    assert (problem.code, problem.path) == ("unknown-gateway", "spec.gateways[0]")
    assert 'no Gateway "default/gv"' in problem.message
    assert 'Did you mean "default/gw"?' in problem.message


def test_a_match_at_a_gateway_that_does_not_exist():
    mapping = "match: [{port: 80}, {gateways: [mesh, gv]}],"

    problem = the_problem(WEB, GATEWAY, virtual_service(mapping=mapping, gateways="gw, mesh"))

    at = "spec.http[0].match[1].gateways[1]"
    assert (problem.code, problem.path) == ("unknown-gateway", at)
    assert 'Did you mean "default/gw"?' in problem.message


def test_hosts_of_which_no_gateway_serves_any():
    problem = the_problem(WEB, GATEWAY, virtual_service(gateways="gw", host="a.org"))

    assert (problem.code, problem.path) == ("host-not-in-gateway", "spec.hosts[0]")
    assert '"a.org"' in problem.message


@pytest.mark.parametrize(("served", "host"), [("x.a.com", "*.a.com"), ("*.a.com", "x.a.com")])
def test_a_host_and_a_gateways_need_only_overlap(served, host):
    gateway = GATEWAY.replace("*.com", served)

    assert problems(WEB, gateway, virtual_service(gateways="gw", host=host)) == []


def test_a_host_that_sidecars_know_need_not_be_a_gateways():
    assert problems(WEB, GATEWAY, virtual_service(gateways="gw, mesh", host="a.org")) == []


@pytest.mark.parametrize(
    ("text", "destination", "path", "words"),
    [
        (WEB, "host: web, port: {number: 81}", ".port.number", "no port 81; its ports: 80"),
    ],
)
def test_a_port_that_does_not_exist(text, destination, path, words):
    problem = the_problem(text, virtual_service(destination))

    assert problem.code == "unknown-port"
    assert problem.path == f"spec.http[0].route[0].destination{path}"
    assert words in problem.message


@pytest.mark.parametrize("rules", [[], [RULE]])
def test_a_named_subset_that_no_rule_has(rules):
    problem = the_problem(WEB, *rules, virtual_service("host: web, subset: v1b"))

    assert problem.code == "unknown-subset"
    assert problem.path == "spec.http[0].route[0].destination.subset"
    assert ('Did you mean "v1"?' in problem.message) == bool(rules)


@pytest.mark.parametrize(
    ("rules", "destination", "key", "words"),
    [
        ([RULE], "host: web", "models", 'Did you mean "model"?'),
        ([RULE], "host: web, subset: plain", "model", "No selector of DestinationRule default/web"),
        ([], "host: web", "model", "a DestinationRule for web.default.svc.cluster.local"),
    ],
)
def test_an_entry_for_a_key_that_no_selector_has(rules, destination, key, words):
    mapping = f"dynamicSubsetKeys: [{{key: {key}, preset: openai}}],"

    problem = the_problem(WEB, *rules, virtual_service(destination, mapping=mapping))

    assert problem.code == "subset-key-without-selector"
    assert problem.path == "spec.http[0].dynamicSubsetKeys[0].key"
    assert words in problem.message


@pytest.mark.parametrize(
    ("rules", "destination", "key", "words"),
    [
        ([RULE], "host: web", "models", 'Did you mean "model"?'),
        ([RULE], "host: web, subset: plain", "model", "No selector of DestinationRule default/web"),
        ([], "host: web", "model", "a DestinationRule for web.default.svc.cluster.local"),
    ],
)
def test_a_header_for_a_key_that_no_selector_has(rules, destination, key, words):
    mapping = f"headerToDynamicSubsetKey: [{{header: x-model, key: {key}}}],"

    problem = the_problem(WEB, *rules, virtual_service(destination, mapping=mapping))

    assert problem.code == "subset-key-without-selector"
    assert problem.path == "spec.http[0].headerToDynamicSubsetKey[0].key"
    assert not problem.is_error
    assert f'"{key}", so the header "x-model" chooses nothing' in problem.message
    assert words in problem.message


def test_of_several_rules_for_a_host_the_oldest_is_named():
    other = istio("DestinationRule", "z", "{host: web, subsets: [{name: v9}]}")
    mapping = "headerToDynamicSubsetKey: [{header: x-model, key: stage}],"

    problem = the_problem(WEB, RULE, other, virtual_service("host: web", mapping=mapping))

    assert "No selector of DestinationRule default/web has" in problem.message


def external(name: str, hosts: str) -> str:
    spec = f"{{hosts: [{hosts}], resolution: DNS, ports: [{{number: 80, name: a}}]}}"
    return istio("ServiceEntry", name, spec)


def test_two_services_with_one_hostname():
    problem = the_problem(external("a", "x.com"), external("b", "y.com, x.com"))

    assert (problem.code, problem.path) == ("duplicate-host", "spec.hosts[1]")
    assert problem.subject == "ServiceEntry default/b"
    assert '"x.com"' in problem.message


def test_an_entry_whose_hostname_a_service_has():
    problem = the_problem(external("a", "x.default.svc.cluster.local"), service("x", "{port: 80}"))

    assert (problem.code, problem.path) == ("duplicate-host", "spec.hosts[0]")
    assert problem.subject == "ServiceEntry default/a"


def test_subsets_of_a_service_without_endpoints():
    spec = "{hosts: [x.com], resolution: NONE, ports: [{number: 80, name: a}]}"
    subsets = "{loadBalancer: {dynamicSubset: {subsetSelectors: [{keys: [model]}]}}}"
    rule = istio("DestinationRule", "x", f"{{host: x.com, trafficPolicy: {subsets}}}")

    problem = the_problem(istio("ServiceEntry", "a", spec), rule)

    at = "spec.trafficPolicy.loadBalancer.dynamicSubset"
    assert (problem.code, problem.path) == ("subsets-without-endpoints", at)


@pytest.mark.parametrize("address", ["10.0.0.1", "fd00::1"])
def test_a_workload_at_an_address_is_anybodys(address):
    assert problems(WEB, entry("vm", {"app": "web"}, address)) == []


def test_a_workload_at_a_host_name_is_left_out_by_a_service():
    problem = the_problem(WEB, entry("vm", {"app": "web"}, "vm.example.com"))

    assert (problem.code, problem.path) == ("address-not-resolved", "spec.address")
    assert problem.subject == "WorkloadEntry default/vm"
    assert '"vm.example.com"' in problem.message


def test_a_workload_at_a_host_name_is_resolved_for_a_service_entry_with_dns():
    spec = """
        hosts: [x.com]
        resolution: DNS
        ports: [{number: 80, name: http}]
        workloadSelector: {labels: {app: web}}
    """
    workload = entry("vm", {"app": "web"}, "vm.example.com")

    assert problems(istio("ServiceEntry", "x", spec), workload) == []
