"""Which listeners and hosts a gateway has."""

from __future__ import annotations

import pytest

from tests.support.configs import istio, pod, service

ROUTES = "http: [{directResponse: {status: 200}}]"


def gateway(name: str, *servers: str, selector: str = "istio: gw", namespace: str = "default"):
    return istio(
        "Gateway", name, f"{{selector: {{{selector}}}, servers: [{', '.join(servers)}]}}", namespace
    )


def server(port: int, hosts: str = "'*'", *, protocol: str = "HTTP", bind: str = "") -> str:
    bound = f", bind: '{bind}'" if bind else ""
    return f"{{port: {{number: {port}, name: p, protocol: {protocol}}}, hosts: [{hosts}]{bound}}}"


def virtual_service(name: str, gateways: str, hosts: str = "'*'") -> str:
    return istio("VirtualService", name, f"hosts: [{hosts}]\ngateways: [{gateways}]\n{ROUTES}")


def listeners(config) -> dict[str, int]:
    return {
        listener.name: listener.address.socket_address.port_value for listener in config.listeners
    }


def domains(config) -> dict[str, list[str]]:
    """The domains of each route configuration."""
    return {
        each.name: [domain for host in each.virtual_hosts for domain in host.domains]
        for each in config.routes
    }


@pytest.mark.parametrize(
    ("selector", "selected"), [("istio: gw", True), ("istio: other", False), ("", True)]
)
def test_a_selector_chooses_proxies_by_all_its_labels(gateway_of, selector, selected):
    config = gateway_of(gateway("gw", server(80), selector=selector))

    assert bool(config.listeners) is selected


def test_gateways_of_every_namespace_share_a_port(gateway_of):
    config = gateway_of(
        gateway("a", server(80, "a.com")),
        gateway("b", server(80, "b.com"), namespace="shop"),
        virtual_service("all", "a, shop/b"),
    )

    assert listeners(config) == {"0.0.0.0_80": 80}
    assert domains(config) == {"http.80": ["a.com", "b.com"]}


def test_a_virtual_service_is_served_by_the_gateways_that_it_names(gateway_of):
    config = gateway_of(
        gateway("a", server(80, "a.com")),
        gateway("b", server(80, "b.com")),
        virtual_service("one", "a"),
    )

    assert domains(config) == {"http.80": ["a.com"]}


def test_a_virtual_service_without_gateways_is_for_sidecars_alone(gateway_of):
    config = gateway_of(
        gateway("a", server(80)), istio("VirtualService", "vs", f"hosts: ['*']\n{ROUTES}")
    )

    assert domains(config) == {"http.80": []}


def test_servers_that_are_not_http_are_left_out(gateway_of):
    config = gateway_of(
        gateway("a", server(80), server(443, protocol="TLS"), server(81, protocol="GRPC"))
    )

    assert listeners(config) == {"0.0.0.0_80": 80, "0.0.0.0_81": 81}


def test_servers_with_an_address_of_their_own_have_routes_of_their_own(gateway_of):
    config = gateway_of(
        gateway("public", server(80)),
        gateway("private", server(80, bind="127.0.0.1")),
        virtual_service("open", "public", "open.com"),
        virtual_service("secret", "private", "secret.com"),
    )

    assert listeners(config) == {"0.0.0.0_80": 80, "127.0.0.1_80": 80}
    assert domains(config) == {"http.80": ["open.com"], "http.80.127.0.0.1": ["secret.com"]}


class TestPorts:
    def test_a_service_of_the_gateways_own_workload_maps_them(self, gateway_of):
        config = gateway_of(
            gateway("a", server(80)),
            service("gw", "{port: 80, targetPort: 8080}", selector={"istio": "gw"}),
        )

        assert listeners(config) == {"0.0.0.0_8080": 8080}
        assert list(domains(config)) == ["http.80"]

    @pytest.mark.parametrize(
        "other",
        [
            service("gw", "{port: 81, targetPort: 8080}", selector={"istio": "gw"}),
            service("gw", "{port: 80, targetPort: 8080}", selector={"istio": "other"}),
            service("gw", "{port: 80, targetPort: 8080}", "shop", selector={"istio": "gw"}),
            service("gw", "{port: 80, targetPort: main}", selector={"istio": "gw"}),
            service("gw", "{port: 80}", selector={"istio": "gw"}),
        ],
    )
    def test_no_other_service_does(self, gateway_of, other):
        assert listeners(gateway_of(gateway("a", server(80)), other)) == {"0.0.0.0_80": 80}

    def test_a_named_target_port_is_that_of_the_gateways_pods(self, gateway_of):
        config = gateway_of(
            gateway("a", server(80)),
            service("gw", "{port: 80, targetPort: main}", selector={"istio": "gw"}),
            pod("other", {"istio": "other"}, ports={"main": 9000}),
            pod("gw-1", {"istio": "gw"}, ports={"main": 8080}),
        )

        assert listeners(config) == {"0.0.0.0_8080": 8080}

    def test_two_that_become_one_share_a_listener(self, gateway_of):
        ports = "{name: a, port: 80, targetPort: 8080}, {name: b, port: 8080}"
        config = gateway_of(
            gateway("a", server(80, "a.com"), server(8080, "b.com")),
            service("gw", ports, selector={"istio": "gw"}),
            virtual_service("all", "a"),
        )

        assert listeners(config) == {"0.0.0.0_8080": 8080}
        assert domains(config) == {"http.80": ["a.com", "b.com"]}
