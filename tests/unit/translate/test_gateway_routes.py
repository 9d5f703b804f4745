"""The order of a gateway's routes, and where they hold."""

from __future__ import annotations

import pytest

from tests.support.configs import GATEWAY, WEB, istio, service

ANSWER = "directResponse: {status: 200}"


def virtual_service(name: str, http: str, *, host: str = "'*'", gateways: str = "gw") -> str:
    return istio("VirtualService", name, f"hosts: [{host}]\ngateways: [{gateways}]\nhttp: [{http}]")


def names(routes) -> list[str]:
    return [route.name for route in routes]


def test_routes_keep_their_order_and_their_names(routes_of):
    routes = routes_of(
        f"""
        - {{name: one, match: [{{name: a, uri: {{exact: /a}}}}, {{uri: {{exact: /b}}}}], {ANSWER}}}
        - {{name: two, {ANSWER}}}
        """
    )

    assert names(routes) == ["one.a", "one", "two"]


def test_what_nothing_reaches_is_left_out(routes_of):
    routes = routes_of(
        f"""
        - {{name: all, match: [{{uri: {{prefix: /}}}}], {ANSWER}}}
        - {{name: hidden, match: [{{uri: {{exact: /a}}}}], {ANSWER}}}
        """
    )

    assert names(routes) == ["all"]


def test_a_catch_all_hides_no_route_of_another_virtual_service(gateway_of):
    first = virtual_service("a", f"{{name: all-a, {ANSWER}}}")
    second = virtual_service(
        "b", f"{{name: b, match: [{{uri: {{exact: /b}}}}], {ANSWER}}}, {{name: all-b, {ANSWER}}}"
    )
    (configuration,) = gateway_of(GATEWAY, first, second).routes
    (virtual_host,) = configuration.virtual_hosts

    assert names(virtual_host.routes) == ["b", "all-a"]


@pytest.mark.parametrize(
    ("match", "holds"),
    [
        ("port: 80", True),
        ("port: 81", False),
        ("gateways: [gw]", True),
        ("gateways: [default/gw]", True),
        ("gateways: [mesh]", False),
        ("gateways: [other/gw]", False),
        ("port: 80, gateways: [gw]", True),
    ],
)
def test_a_match_may_say_at_which_port_and_gateway_it_holds(gateway_of, match, holds):
    text = virtual_service(
        "vs", f"{{name: here, match: [{{{match}}}], {ANSWER}}}", gateways="gw, mesh"
    )
    (configuration,) = gateway_of(GATEWAY, text).routes

    assert bool(configuration.virtual_hosts) is holds


def test_a_virtual_host_without_routes_is_left_out(gateway_of):
    text = virtual_service("vs", f"{{match: [{{port: 81}}], {ANSWER}}}")
    (configuration,) = gateway_of(GATEWAY, text).routes

    assert list(configuration.virtual_hosts) == []


def test_what_is_not_translated_yet_matches_nothing(gateway_of, sidecar_of):
    text = virtual_service(
        "vs",
        f"""
        {{name: partly, match: [{{sourceNamespace: a}}, {{uri: {{exact: /a}}}}], {ANSWER}}},
        {{name: never, match: [{{sourceLabels: {{a: b}}}}], {ANSWER}}},
        {{name: delegated, delegate: {{name: other}}}}
        """,
    )
    (configuration,) = gateway_of(GATEWAY, text).routes

    assert names(configuration.virtual_hosts[0].routes) == ["partly"]


def test_headers_for_subsets_stand_at_their_route(routes_of):
    mapping = "headerToDynamicSubsetKey: [{header: x-model, key: model}]"
    with_header, without = routes_of(
        f"""
        - {{match: [{{uri: {{exact: /a}}}}], {mapping}, route: [{{destination: {{host: web}}}}]}}
        - {{route: [{{destination: {{host: web}}}}]}}
        """
    )

    assert list(with_header.typed_per_filter_config) == ["envoy.filters.http.header_to_metadata"]
    assert not without.typed_per_filter_config


def test_domains_differ_in_every_route_configuration(gateway_of):
    first = virtual_service("a", f"{{{ANSWER}}}", host="Shop.example.com, '*.example.com'")
    second = virtual_service("b", f"{{{ANSWER}}}", host="shop.example.com., '*.EXAMPLE.com'")
    (configuration,) = gateway_of(GATEWAY, first, second).routes

    domains = [domain for each in configuration.virtual_hosts for domain in each.domains]

    assert domains == ["*.example.com", "shop.example.com"]
    assert configuration.ignore_port_in_host_matching


def test_only_clusters_that_routes_use_are_sent_to_a_gateway(gateway_of):
    text = virtual_service("vs", "{route: [{destination: {host: web}}]}")

    config = gateway_of(GATEWAY, WEB, service("other", "{name: http, port: 80}"), text)

    assert list(config.clusters) == ["outbound|80||web.default.svc.cluster.local"]
