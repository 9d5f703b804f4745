"""What the applications of a namespace may call."""

from __future__ import annotations

import pytest

from tests.support.configs import istio, service

WEB = service("web", "{name: http, port: 80}")
ANSWER = "directResponse: {status: 200}"


def virtual_service(hosts: str, name: str = "vs", more: str = "") -> str:
    return istio(
        "VirtualService", name, f"hosts: [{hosts}]\nhttp: [{{name: {name}, {ANSWER}}}]\n{more}"
    )


def entry(name: str, hosts: str, more: str = "resolution: DNS") -> str:
    ports = "ports: [{number: 80, name: http, protocol: HTTP}]"
    return istio("ServiceEntry", name, f"hosts: [{hosts}]\n{ports}\n{more}")


def by_name(config, port: str = "80"):
    (configuration,) = (each for each in config.routes if each.name == port)
    return {host.name.rpartition(":")[0] or host.name: host for host in configuration.virtual_hosts}


def route_names(host) -> list[str]:
    return [route.name for route in host.routes]


@pytest.mark.parametrize(("namespace", "short"), [("default", True), ("shop", False)])
def test_a_service_is_called_by_every_name_that_dns_knows(sidecar_of, namespace, short):
    text = service("web", "{name: http, port: 80}", clusterIP="10.96.0.1")

    (host, _) = by_name(sidecar_of(text, namespace=namespace)).values()

    assert list(host.domains) == [
        "web.default.svc.cluster.local",
        *(["web"] if short else []),
        "web.default",
        "web.default.svc",
        "10.96.0.1",
    ]


def test_a_host_in_another_namespace_than_its_entrys_has_no_short_name(sidecar_of):
    text = entry("a", "web.shop.svc.cluster.local")

    assert list(by_name(sidecar_of(text))["web.shop.svc.cluster.local"].domains) == [
        "web.shop.svc.cluster.local",
        "web.shop",
        "web.shop.svc",
    ]


def test_addresses_are_written_as_clients_write_them(sidecar_of):
    addresses = "[10.0.0.0/8, 'fd00::1', 10.1.2.3, 10.1.2.3]"
    text = entry("a", "a.com", f"resolution: DNS\naddresses: {addresses}")

    assert list(by_name(sidecar_of(text))["a.com"].domains) == ["a.com", "[fd00::1]", "10.1.2.3"]


def test_no_domain_is_named_twice(sidecar_of):
    config = sidecar_of(
        WEB,
        entry("a", "web, web.default"),
        entry("b", "1.example.com, 10.0.0.1", "resolution: DNS\naddresses: [10.0.0.1]"),
        virtual_service("WEB.default.svc.cluster.local, web.default, '10.0.0.1', '*'"),
    )
    hosts = by_name(config)
    domains = [domain for host in hosts.values() for domain in host.domains]

    assert len(domains) == len(set(domains))
    assert all(host.domains for host in hosts.values())
    assert list(hosts["10.0.0.1"].domains) == ["10.0.0.1"]


def test_without_virtual_service_requests_go_to_the_service(sidecar_of):
    (route,) = by_name(sidecar_of(WEB))["web.default.svc.cluster.local"].routes

    assert route.route.cluster == "outbound|80||web.default.svc.cluster.local"


@pytest.mark.parametrize(
    ("hosts", "found"),
    [
        ("web", "vs"),
        ("web.default.svc.cluster.local", "vs"),
        ("'*.default.svc.cluster.local'", "vs"),
        ("'*'", "vs"),
        ("'*.shop.svc.cluster.local'", "default"),
        ("other", "default"),
    ],
)
def test_a_virtual_service_holds_for_the_services_that_its_hosts_mean(sidecar_of, hosts, found):
    host = by_name(sidecar_of(WEB, virtual_service(hosts)))["web.default.svc.cluster.local"]

    assert route_names(host) == [found]


def test_the_narrowest_host_wins(sidecar_of):
    config = sidecar_of(
        WEB,
        virtual_service("'*'", "all"),
        virtual_service("'*.default.svc.cluster.local'", "namespace"),
        virtual_service("web", "exact"),
    )

    assert route_names(by_name(config)["web.default.svc.cluster.local"]) == ["exact"]
    assert route_names(by_name(config)["*.default.svc.cluster.local"]) == ["namespace"]


def test_a_host_named_twice_in_two_ways_has_its_routes_once(sidecar_of):
    config = sidecar_of(WEB, virtual_service("web, web.default.svc.cluster.local"))

    assert route_names(by_name(config)["web.default.svc.cluster.local"]) == ["vs"]


def test_a_host_of_no_service_is_routed_at_every_http_port(sidecar_of):
    config = sidecar_of(WEB, service("b", "{name: http, port: 81}"), virtual_service("a.com"))

    assert "a.com" in by_name(config, "80")
    assert "a.com" in by_name(config, "81")


def test_a_service_is_routed_at_its_own_ports_alone(sidecar_of):
    config = sidecar_of(WEB, service("b", "{name: http, port: 81}"), virtual_service("web"))

    assert "web.default.svc.cluster.local" not in by_name(config, "81")


def test_a_virtual_service_for_gateways_alone_changes_nothing(sidecar_of):
    config = sidecar_of(WEB, virtual_service("web", more="gateways: [gw]"))

    assert route_names(by_name(config)["web.default.svc.cluster.local"]) == ["default"]


def test_other_names_pass_through_unless_nothing_is_captured(sidecar_of):
    captured, free = (
        by_name(sidecar_of(WEB, **metadata))["allow_any"].routes[0].route.cluster
        for metadata in ({}, {"INTERCEPTION_MODE": "NONE"})
    )

    assert (captured, free) == ("PassthroughCluster", "BlackHoleCluster")


def test_captured_traffic_comes_through_istios_two_ports(sidecar_of):
    config = sidecar_of(
        WEB, service("odd", "{name: http, port: 15001}, {name: http-b, port: 15006}")
    )

    assert {each.name: each.address.socket_address.port_value for each in config.listeners} == {
        "0.0.0.0_80": 80,
        "virtualOutbound": 15001,
        "virtualInbound": 15006,
    }
    assert not config.listeners[0].bind_to_port.value


def test_without_capture_the_application_calls_the_loopback_address(sidecar_of):
    (listener,) = sidecar_of(WEB, INTERCEPTION_MODE="NONE").listeners

    assert listener.name == "127.0.0.1_80"
    assert not listener.HasField("bind_to_port")


def test_every_port_of_every_service_has_a_cluster(sidecar_of):
    rule = "{host: web, subsets: [{name: v1, labels: {v: '1'}}]}"
    config = sidecar_of(
        service("web", "{name: http, port: 80}, {name: db, port: 5432}"),
        istio("DestinationRule", "web", rule),
    )

    assert config.clusters.keys() == {
        f"outbound|{port}|{subset}|web.default.svc.cluster.local"
        for port in (5432, 80)
        for subset in ("", "v1")
    }
    assert [each.name for each in config.routes] == ["80"]
