"""Which DestinationRule holds for whom."""

from __future__ import annotations

import pytest

from straightway.catalog import Catalog
from straightway.routing.istio.rules import MergedRule, rule_home, rule_in, rule_view
from straightway.units import Reading
from tests.support.configs import catalog_of, istio, service
from tests.support.world import World, read

FULL = "web.shop.svc.cluster.local"
WEB = service("web", "{port: 80}", "shop")


def rule(name: str, host: str, namespace: str = "shop") -> str:
    return istio("DestinationRule", name, f"host: '{host}'", namespace)


def found(catalog: Catalog, client: str = "shop") -> MergedRule | None:
    def of(reading: Reading) -> MergedRule | None:
        view = reading.make(rule_view, client)
        home = reading.make(rule_home, FULL, view)
        return reading.make(rule_in, home, FULL) if home else None

    return read(catalog, of)


def applying(catalog: Catalog, client: str = "shop") -> str | None:
    rule = found(catalog, client)
    return "+".join(f"{each.namespace}/{each.name}" for each in rule.references) if rule else None


@pytest.mark.parametrize("host", ["web", "web.shop", "web.shop.svc", FULL, f"{FULL}."])
def test_a_service_may_be_named_short_or_in_full(host):
    assert applying(catalog_of(WEB, rule("a", host))) == "shop/a"


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([rule("wide", "*"), rule("narrow", "*.shop.svc.cluster.local")], "shop/narrow"),
        ([rule("narrow", "*.shop.svc.cluster.local"), rule("exact", "web")], "shop/exact"),
        ([rule("all", "*")], "shop/all"),
        ([rule("a", "*.cluster.local"), rule("b", "*.shop.svc.cluster.local")], "shop/b"),
        ([rule("b", "*.cluster.local"), rule("a", "*.shop.svc.cluster.local")], "shop/a"),
        ([rule("other", "*.other.svc.cluster.local")], None),
        ([rule("own", "web"), rule("clients", FULL, "client")], "client/clients"),
        ([rule("own", "web"), rule("clients", "*", "client")], "client/clients"),
        ([rule("own", "web"), rule("strangers", FULL, "stranger")], "shop/own"),
    ],
)
def test_the_clients_namespace_goes_first_then_the_narrowest_host(rules, expected):
    assert applying(catalog_of(WEB, *rules), "client") == expected
    assert applying(catalog_of(WEB, *reversed(rules)), "client") == expected


def test_a_star_is_every_service_of_every_namespace():
    catalog = catalog_of(WEB, rule("all", "*", "client"))

    assert applying(catalog, "client") == "client/all"
    assert applying(catalog, "shop") is None


ROOT = rule("root", "*", "istio-system")


@pytest.mark.parametrize(
    ("rules", "client", "expected"),
    [
        ([ROOT], "client", "istio-system/root"),
        ([ROOT], "istio-system", "istio-system/root"),
        ([ROOT, rule("own", "*")], "client", "shop/own"),
        (
            [ROOT, rule("own", "web"), rule("clients", "*.local", "client")],
            "client",
            "client/clients",
        ),
        # For proxies in the root namespace the service's own rules go first.
        ([ROOT, rule("own", "web")], "istio-system", "shop/own"),
        ([rule("root", FULL, "istio-system"), rule("own", "*")], "istio-system", "shop/own"),
    ],
)
def test_the_root_namespace_comes_last(rules, client, expected):
    assert applying(catalog_of(WEB, *rules), client) == expected


def test_the_root_namespace_is_a_setting():
    world = World(WEB, rule("all", "*", "mesh"), root_namespace="mesh")

    assert applying(world.catalog, "client") == "mesh/all"


def aged(name: str, created: str, spec: str) -> str:
    return f"""
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {{name: {name}, namespace: shop, creationTimestamp: "{created}"}}
        spec: {spec}
    """


def test_rules_for_one_host_are_one_rule_and_the_older_wins():
    old = "{host: web, subsets: [{name: v1, labels: {v: old}}], trafficPolicy: %s}"
    new = "{host: web.shop, subsets: [{name: v1, labels: {v: new}}, {name: v2}], trafficPolicy: %s}"
    simple = "{loadBalancer: {simple: %s}}"
    texts = [
        aged("z", "2024-01-01T00:00:00Z", old % simple % "RANDOM"),
        aged("a", "2025-01-01T00:00:00Z", new % simple % "ROUND_ROBIN"),
    ]

    for order in (texts, texts[::-1]):
        merged = found(catalog_of(WEB, *order))
        assert merged is not None
        assert [each.name for each in merged.references] == ["z", "a"]
        assert [(each.name, dict(each.labels)) for each in merged.subsets] == [
            ("v1", {"v": "old"}),
            ("v2", {}),
        ]
        assert merged.traffic_policy is not None
        assert merged.traffic_policy.load_balancer is not None
        assert merged.traffic_policy.load_balancer.simple == "RANDOM"


def test_wildcards_of_one_length_are_one_rule_too():
    assert applying(catalog_of(WEB, rule("a", "*.local"), rule("b", "*.local"))) == "shop/a+shop/b"


def test_a_short_host_comes_to_mean_another_service():
    world = World(WEB, rule("r", "web.shop", "client"))
    assert applying(world.catalog, "client") == "client/r"

    spec = "{hosts: [web.shop], resolution: DNS, ports: [{number: 80, name: http}]}"
    world.change(istio("ServiceEntry", "e", spec, "other"))

    assert applying(world.catalog, "client") is None


@pytest.mark.parametrize(
    ("rules", "view"),
    [
        ([], ""),
        ([rule("own", "*", "istio-system")], ""),
        ([rule("r", "missing.shop", "client")], ""),
        ([rule("r", "web.shop", "client")], "client"),
        ([rule("r", "*.example.com", "client")], "client"),
    ],
)
def test_only_rules_for_others_give_a_namespace_a_view_of_its_own(rules, view):
    assert read(catalog_of(WEB, *rules), lambda reading: rule_view(reading, "client")) == view
