"""What is said of ExternalNames that are only other names of a service."""

from __future__ import annotations

import pytest

from straightway.documents import Problem
from tests.support.configs import istio, reviewed, service, to_yaml

WEB = service("web", "{name: http, port: 80}")
HOSTNAME = "web.default.svc.cluster.local"


def alias(name: str, target: str, namespace: str = "default") -> str:
    return to_yaml(
        "v1", "Service", name, namespace, {"type": "ExternalName", "externalName": target}
    )


def rule(host: str) -> str:
    return istio(
        "DestinationRule",
        "r",
        f"{{host: {host}, trafficPolicy: {{loadBalancer: {{simple: RANDOM}}}}}}",
    )


def routes(host: str, destination: str = "web", gateways: str = "mesh") -> str:
    return istio(
        "VirtualService",
        "vs",
        f"""
        hosts: [{host}]
        gateways: [{gateways}]
        http: [{{route: [{{destination: {{host: {destination}}}}}]}}]
        """,
    )


GATEWAY = istio(
    "Gateway",
    "gw",
    """
    selector: {istio: gateway}
    servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]
    """,
)


def problems(*texts: str) -> list[Problem]:
    return reviewed(*texts)[1]


@pytest.mark.parametrize(
    ("text", "path"), [(rule("www"), "spec.host"), (routes("www"), "spec.hosts[0]")]
)
def test_nothing_can_be_set_for_an_alias(text, path):
    (problem,) = problems(WEB, alias("www", HOSTNAME), text)

    assert (problem.code, problem.path, problem.is_error) == ("host-is-alias", path, False)
    assert problem.message == (
        f"www.default.svc.cluster.local is an alias of {HOSTNAME}, so nothing can be set for it, "
        f'as in Istio. Write "{HOSTNAME}" instead.'
    )


def test_a_chain_of_aliases_leads_to_the_service_at_its_end():
    names = [f"a{number}" for number in range(20)]
    chain = [
        alias(name, f"{target}.default.svc.cluster.local")
        for name, target in zip(names, [*names[1:], "web"], strict=True)
    ]

    (problem,) = problems(WEB, *chain, rule("a0"))

    assert f'Write "{HOSTNAME}" instead.' in problem.message
    assert problems(WEB, *chain, routes("web", "a0")) == []


@pytest.mark.parametrize("text", [rule("a"), routes("a"), routes("web", "a")])
def test_a_cycle_of_aliases_is_named(text):
    cycle = [alias("a", "b.default.svc.cluster.local"), alias("b", "a.default.svc.cluster.local")]

    (problem,) = problems(WEB, *cycle, text)

    names = "a.default.svc.cluster.local, b.default.svc.cluster.local"
    assert problem.message.endswith(f"The aliases {names} and so on form a cycle.")


@pytest.mark.parametrize(
    ("target", "remedy"),
    [
        ("api.example.com", "add a ServiceEntry with that host"),
        ("web", f'An externalName is a full name: write "{HOSTNAME}" there.'),
        ("web.default", f'An externalName is a full name: write "{HOSTNAME}" there.'),
    ],
)
def test_an_alias_of_no_service_is_no_destination(target, remedy):
    (problem,) = problems(WEB, alias("ext", target), routes("web", "ext"))

    assert (problem.code, problem.path) == (
        "unknown-host",
        "spec.http[0].route[0].destination.host",
    )
    assert "answered with 503" in problem.message
    assert remedy in problem.message


def test_a_gateway_serves_any_host_and_routes_to_aliases():
    host = "www.default.svc.cluster.local"
    assert problems(WEB, GATEWAY, alias("www", HOSTNAME), routes(host, "www", "gw")) == []


@pytest.mark.parametrize("target", [HOSTNAME, f"{HOSTNAME}.", "api.example.com"])
def test_an_external_name_with_ports_is_an_alias_in_istio_only(target):
    spec = {"type": "ExternalName", "externalName": target, "ports": [{"name": "http", "port": 80}]}

    found = problems(WEB, to_yaml("v1", "Service", "www", "default", spec))

    if target == "api.example.com":
        assert found == []
    else:
        (problem,) = found
        assert (problem.code, problem.path) == ("alias-with-ports", "spec.ports")
        assert problem.message.endswith("Remove the ports, and it is an alias, as in Istio.")
