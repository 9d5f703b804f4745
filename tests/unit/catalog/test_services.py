"""Services and ServiceEntries with one face, and the names by which they are found."""

from __future__ import annotations

import pytest

from straightway.api.protocol import Protocol
from straightway.catalog.services import Resolution, candidate_hostnames
from tests.support.configs import catalog_of, istio, service


def registered(text: str, hostname: str = "web.default.svc.cluster.local"):
    return catalog_of(text).services[hostname]


@pytest.mark.parametrize(
    ("port", "protocol"),
    [
        ("{name: http, port: 80}", Protocol.HTTP),
        ("{name: http-admin, port: 80}", Protocol.HTTP),
        ("{name: http2, port: 80}", Protocol.HTTP2),
        ("{name: grpc-v2, port: 80}", Protocol.GRPC),
        ("{name: grpc-web, port: 80}", Protocol.GRPC_WEB),
        ("{name: grpc-web-x, port: 80}", Protocol.GRPC_WEB),
        ("{name: httpx, port: 80}", Protocol.TCP),
        ("{port: 80}", Protocol.TCP),
        ("{name: main, port: 80, appProtocol: grpc}", Protocol.GRPC),
        ("{name: http, port: 80, appProtocol: kubernetes.io/h2c}", Protocol.HTTP2),
        ("{name: http, port: 80, appProtocol: example.com/own}", Protocol.TCP),
    ],
)
def test_a_ports_protocol_is_selected_as_istio_does(port, protocol):
    (found,) = registered(service("web", port)).ports

    assert found.protocol is protocol


def test_udp_is_not_routed():
    ports = "{name: dns, port: 53, protocol: UDP}, {name: dns-tcp, port: 53}"

    assert [port.name for port in registered(service("web", ports)).ports] == ["dns-tcp"]


@pytest.mark.parametrize(
    ("host", "namespace", "hostname"),
    [
        ("web", "default", "web.default.svc.cluster.local"),
        ("web", "shop", None),
        ("web.default", "shop", "web.default.svc.cluster.local"),
        ("web.default.svc", "shop", "web.default.svc.cluster.local"),
        ("web.default.svc.cluster.local", "shop", "web.default.svc.cluster.local"),
        ("api.example.com", "shop", "api.example.com"),
        ("example.com", "shop", None),
        ("*", "default", None),
    ],
)
def test_short_names_mean_services_of_the_objects_own_namespace(host, namespace, hostname):
    entry = "{hosts: [api.example.com], resolution: DNS, ports: [{number: 80, name: http}]}"
    catalog = catalog_of(service("web", "{port: 80}"), istio("ServiceEntry", "api", entry))

    found = catalog.resolve(host, namespace)

    assert (found and found.hostname) == hostname


@pytest.mark.parametrize("host", ["*", "*.example.com", "10.0.0.1", "fd00::1"])
def test_wildcards_and_addresses_are_no_short_names(host):
    assert list(candidate_hostnames(host, "default")) == [host]


@pytest.mark.parametrize(
    ("resolution", "meant"),
    [
        ("STATIC", Resolution.STATIC),
        ("NONE", Resolution.NONE),
        ("DNS", Resolution.DNS),
        ("DNS_ROUND_ROBIN", Resolution.DNS),
    ],
)
def test_each_host_of_a_service_entry_is_a_service(resolution, meant):
    spec = f"{{hosts: [a.com, b.com], resolution: {resolution}, ports: [{{number: 80, name: a}}]}}"

    services = catalog_of(istio("ServiceEntry", "both", spec)).services

    assert {name: item.resolution for name, item in services.items()} == {
        "a.com": meant,
        "b.com": meant,
    }


@pytest.mark.parametrize("cluster_ip", ["None", ""])
def test_a_headless_service_has_no_address(cluster_ip):
    assert registered(service("web", "{port: 80}", clusterIP=cluster_ip)).addresses == ()


def test_of_two_services_with_one_hostname_the_kubernetes_one_wins():
    host = "web.default.svc.cluster.local"
    spec = f"{{hosts: [{host}], resolution: STATIC, ports: [{{number: 81, name: a}}]}}"
    texts = [istio("ServiceEntry", "a", spec), service("web", "{port: 80}")]

    assert catalog_of(*texts).services[host].source.kind == "Service"
