"""Services and ServiceEntries with one face, and the names by which they are found."""

from __future__ import annotations

import pytest
import yaml

from straightway.api.protocol import Protocol
from straightway.catalog import keys
from straightway.catalog.services import Resolution, candidate_hostnames
from straightway.routing.istio.mesh import domains_of
from straightway.routing.istio.services import resolve
from tests.support.configs import catalog_of, istio, service, to_yaml
from tests.support.world import World, parsed, read


def registered(text: str, hostname: str = "web.default.svc.cluster.local"):
    found = catalog_of(text).service(hostname)
    assert found is not None
    return found


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

    found = read(catalog, lambda reading: resolve(reading, host, namespace))

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

    catalog = catalog_of(istio("ServiceEntry", "both", spec))

    assert catalog.services == 2
    for host in ("a.com", "b.com"):
        found = catalog.service(host)
        assert found is not None
        assert found.resolution is meant


@pytest.mark.parametrize("cluster_ip", ["None", ""])
def test_a_headless_service_has_no_address(cluster_ip):
    assert registered(service("web", "{port: 80}", clusterIP=cluster_ip)).addresses == ()


def entry(name: str, hosts: str, created: str) -> str:
    spec = {"hosts": hosts.split(), "resolution": "DNS", "ports": [{"number": 81, "name": "a"}]}
    body = yaml.safe_load(istio("ServiceEntry", name, yaml.safe_dump(spec)))
    body["metadata"]["creationTimestamp"] = created
    return yaml.safe_dump(body)


OLD, NEW = "2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z"


def test_of_two_with_one_hostname_the_older_is_in_force_and_each_has_its_other_hosts():
    texts = [entry("a", "x.com y.com", NEW), entry("b", "x.com z.com", OLD)]

    for order in (texts, texts[::-1]):
        catalog = catalog_of(*order)
        found = {host: catalog.service(host) for host in ("x.com", "y.com", "z.com")}
        assert {host: each and each.source.name for host, each in found.items()} == {
            "x.com": "b",
            "y.com": "a",
            "z.com": "b",
        }


def test_the_younger_has_the_hostname_when_the_older_is_gone():
    world = World(entry("a", "x.com y.com", NEW), entry("b", "x.com z.com", OLD))
    (older,) = parsed(entry("b", "x.com z.com", OLD))

    world.put({older: None})

    found = {host: world.catalog.service(host) for host in ("x.com", "y.com", "z.com")}
    assert [each and each.source.name for each in found.values()] == ["a", "a", None]


def test_services_that_are_gone_are_forgotten():
    world = World(service("web", "{name: http, port: 80}", clusterIP="10.0.0.1"))
    (reference,) = world.objects

    world.put({reference: None})

    catalog = world.catalog
    assert catalog.service("web.default.svc.cluster.local") is None
    assert (catalog.size, catalog.services) == (0, 0)
    for key in (
        keys.services_in("default"),
        keys.named("web"),
        keys.with_address("10.0.0.1"),
        keys.selecting("default", "app", "web"),
        keys.http_services(80, "default"),
    ):
        assert catalog.hostnames_at(key) == ()
    for key in (keys.HTTP_PORTS, keys.NAMESPACES, keys.SERVICE_NAMESPACES, keys.PROXY_LABELS):
        assert catalog.values_at(key) == frozenset()
    assert catalog._sets._counts == {}


ALIASES = [
    service("web", "{name: http, port: 80}"),
    to_yaml(
        "v1",
        "Service",
        "one",
        "default",
        {"type": "ExternalName", "externalName": "web.default.svc.cluster.local"},
    ),
    to_yaml(
        "v1",
        "Service",
        "two",
        "shop",
        {"type": "ExternalName", "externalName": "one.default.svc.cluster.local"},
    ),
]


@pytest.mark.parametrize("host", ["one.default", "two.shop"])
def test_an_external_name_without_ports_is_another_name_for_a_service(host):
    found = read(catalog_of(*ALIASES), lambda reading: resolve(reading, host, "shop"))

    assert found is not None
    assert found.hostname == "web.default.svc.cluster.local"


@pytest.mark.parametrize(
    "target", ["web.default.svc.cluster.local.", "Web.Default.svc.cluster.local"]
)
def test_an_external_name_is_a_name_of_dns(target):
    alias = to_yaml(
        "v1", "Service", "one", "shop", {"type": "ExternalName", "externalName": target}
    )
    found = read(catalog_of(ALIASES[0], alias), lambda reading: resolve(reading, "one", "shop"))

    assert found is not None
    assert found.hostname == "web.default.svc.cluster.local"


def test_sidecars_know_a_service_by_all_its_aliases():
    def found(reading):
        web = reading.service("web.default.svc.cluster.local")
        return domains_of(reading, web, 80, local=False)

    names = read(catalog_of(*ALIASES), found)

    assert {"one.default.svc.cluster.local", "one.default", "two.shop.svc.cluster.local"} <= {
        *names
    }


def test_aliases_that_go_round_in_a_circle_stand_for_nothing_else():
    one, two = ("one", "two.default"), ("two", "one.default")
    texts = [
        to_yaml(
            "v1",
            "Service",
            name,
            "default",
            {"type": "ExternalName", "externalName": f"{to}.svc.cluster.local"},
        )
        for name, to in (one, two)
    ]

    found = read(catalog_of(*texts), lambda reading: resolve(reading, "one", "default"))

    assert found is not None
    assert found.hostname == "one.default.svc.cluster.local"
    assert found.ports == ()
