"""Objects of which nothing is translated yet: in force, but no proxy gets any of them."""

from __future__ import annotations

import pytest

from straightway.api import parse
from tests.support.configs import documents, istio


def gateway(*protocols: str) -> str:
    servers = ", ".join(
        f"{{port: {{number: {number}, name: p{number}, protocol: {protocol}}}, hosts: ['*']}}"
        for number, protocol in enumerate(protocols, 80)
    )
    return istio("Gateway", "x", f"{{servers: [{servers}]}}")


def routes(*http: str, tcp: bool = False) -> str:
    spec = f"hosts: [a.example], http: [{', '.join(http)}]"
    return istio("VirtualService", "x", f"{{{spec}{', tcp: [{}]' if tcp else ''}}}")


def entry(*protocols: str, resolution: str = "DNS") -> str:
    ports = ", ".join(
        f"{{number: {number}, name: p{number}, protocol: {protocol}}}"
        for number, protocol in enumerate(protocols, 80)
    )
    spec = f"{{hosts: [a.example], ports: [{ports}], resolution: {resolution}}}"
    return istio("ServiceEntry", "x", spec)


def transcoder(is_gateway: str) -> str:
    spec = f"{{isGateway: {is_gateway}, builtinProtoDescriptor: kserve_predict_v2}}"
    return istio("ASMGrpcJsonTranscoder", "x", spec)


ROUTE = "{route: [{destination: {host: web}}]}"
DELEGATE = "{delegate: {name: other}}"


@pytest.mark.parametrize(
    ("text", "is_left_out"),
    [
        (gateway("HTTP"), False),
        (gateway("HTTPS", "GRPC"), False),
        (gateway("HTTPS"), True),
        (gateway("TLS", "TCP"), True),
        (routes(ROUTE), False),
        (routes(DELEGATE, ROUTE), False),
        (routes(DELEGATE), True),
        (routes(tcp=True), True),
        (entry("HTTP", "UDP"), False),
        (entry("UDP"), True),
        (entry("HTTP", resolution="DYNAMIC_DNS"), True),
        (transcoder("true"), False),
        (transcoder("false"), True),
        (istio("DestinationRule", "x", "{host: web}"), False),
    ],
)
def test_an_object_is_left_out_if_all_of_it_is(text: str, is_left_out: bool) -> None:
    [document] = documents(text)
    item = parse(document).object
    assert item is not None
    assert item.is_left_out is is_left_out
