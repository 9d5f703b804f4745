"""The audiences whose proxies get something of an object."""

from __future__ import annotations

import pytest

from straightway.documents import Reference
from straightway.proxies.audience import Audience, Role
from straightway.snapshots.audiences import snapshot_of
from straightway.snapshots.reach import audiences_of
from straightway.units import Call, Units
from tests.support.configs import catalog_of, istio, service

NETWORKING = "networking.istio.io"
ONE = Audience(Role.GATEWAY, "default", (("gw", "one"),))
TWO = Audience(Role.GATEWAY, "default", (("gw", "two"),))
SIDECARS = Audience(Role.SIDECAR, "default")
ALL = {ONE, TWO, SIDECARS}


def gateway(selected: str, name: str = "", protocol: str = "HTTP") -> str:
    server = f"{{port: {{number: 80, name: a, protocol: {protocol}}}, hosts: ['*']}}"
    spec = f"{{selector: {{gw: {selected}}}, servers: [{server}]}}"
    return istio("Gateway", name or selected, spec)


def routes(name: str, gateways: str, host: str, to: str) -> str:
    route = f"[{{route: [{{destination: {{host: {to}}}}}]}}]"
    spec = f"{{hosts: [{host}], gateways: [{gateways}], http: {route}}}"
    return istio("VirtualService", name, spec)


def outside(host: str) -> str:
    ports = "[{number: 80, name: http, protocol: HTTP}]"
    return istio("ServiceEntry", host[0], f"{{hosts: [{host}], ports: {ports}, resolution: DNS}}")


TEXTS = [
    gateway("one"),
    gateway("two"),
    gateway("nobody"),
    service("web", "{name: http, port: 80}"),
    service("unused", "{name: http, port: 80}"),
    outside("x.example"),
    outside("y.example"),
    istio("DestinationRule", "web", "{host: web, subsets: [{name: v1}]}"),
    istio("DestinationRule", "unused", "{host: unused, subsets: [{name: v1}]}"),
    routes("first", "one", "a.example", "web"),
    routes("both", "one, mesh", "b.example", "x.example"),
    routes("none", "nobody", "c.example", "y.example"),
    gateway("one", "tls", "HTTPS"),
    routes("untranslated", "tls", "d.example", "web"),
    istio(
        "ASMGrpcJsonTranscoder",
        "json",
        "{isGateway: true, portNumber: 80, workloadSelector: {labels: {gw: two}}, "
        "builtinProtoDescriptor: kserve_predict_v2}",
    ),
]


@pytest.fixture(scope="module")
def units() -> Units:
    made = Units(catalog_of(*TEXTS))
    for audience in ALL:
        made.hold(Call(snapshot_of, (audience,)))
    return made


@pytest.mark.parametrize(
    ("kind", "name", "audiences"),
    [
        ("Gateway", "one", {ONE}),
        ("Gateway", "nobody", set()),
        ("VirtualService", "first", {ONE}),
        ("VirtualService", "both", {ONE, SIDECARS}),
        ("VirtualService", "none", set()),
        ("VirtualService", "untranslated", set()),
        # Sidecars get all services, gateways those to which their routes lead.
        ("DestinationRule", "web", {ONE, SIDECARS}),
        ("DestinationRule", "unused", {SIDECARS}),
        ("ServiceEntry", "x", {ONE, SIDECARS}),
        ("ServiceEntry", "y", {SIDECARS}),
        ("VirtualService", "missing", set()),
    ],
)
def test_an_object_reaches_those_that_get_something_of_it(units, kind, name, audiences):
    reference = Reference(NETWORKING, kind, "default", name)
    assert audiences_of(units, reference, ALL) == audiences


def test_a_transcoder_reaches_the_gateways_that_it_selects(units):
    reference = Reference("istio.alibabacloud.com", "ASMGrpcJsonTranscoder", "default", "json")
    assert audiences_of(units, reference, ALL) == {TWO}


def test_an_object_reaches_nobody_who_is_not_asked_about(units):
    reference = Reference(NETWORKING, "VirtualService", "default", "first")
    assert audiences_of(units, reference, {TWO}) == frozenset()
