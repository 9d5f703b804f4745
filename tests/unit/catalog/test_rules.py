"""Which DestinationRule applies."""

from __future__ import annotations

import pytest
from straightway.catalog.rules import policy_of, subset_of

from straightway.catalog import Catalog
from tests.support.configs import catalog_of, istio, service

FULL = "web.shop.svc.cluster.local"
WEB = service("web", "{port: 80}", "shop")


def rule(name: str, host: str, namespace: str = "shop") -> str:
    return istio("DestinationRule", name, f"host: '{host}'", namespace)


def applying(catalog: Catalog, client: str = "shop") -> str | None:
    found = catalog.rules.of(catalog.services[FULL], client)
    return f"{found.metadata.namespace}/{found.metadata.name}" if found else None


@pytest.mark.parametrize("host", ["web", "web.shop", "web.shop.svc", FULL, f"{FULL}."])
def test_a_service_may_be_named_short_or_in_full(host):
    assert applying(catalog_of(WEB, rule("a", host))) == "shop/a"


@pytest.mark.parametrize(
    ("rules", "found"),
    [
        ([rule("wide", "*"), rule("narrow", "*.shop.svc.cluster.local")], "shop/narrow"),
        ([rule("narrow", "*.shop.svc.cluster.local"), rule("exact", "web")], "shop/exact"),
        ([rule("all", "*")], "shop/all"),
        ([rule("other", "*.other.svc.cluster.local")], None),
        ([rule("own", "web"), rule("clients", FULL, "client")], "client/clients"),
        ([rule("own", "web"), rule("clients", "*", "client")], "client/clients"),
        ([rule("own", "web"), rule("strangers", FULL, "stranger")], "shop/own"),
    ],
)
def test_the_clients_namespace_goes_first_then_the_narrowest_host(rules, found):
    assert applying(catalog_of(WEB, *rules), "client") == found
    assert applying(catalog_of(WEB, *reversed(rules)), "client") == found


def test_a_star_is_every_service_of_every_namespace():
    catalog = catalog_of(WEB, rule("all", "*", "client"))

    assert applying(catalog, "client") == "client/all"
    assert applying(catalog, "shop") is None


def test_of_two_for_one_host_the_first_by_age_then_name_is_in_force():
    aged = """
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: %s, namespace: shop, creationTimestamp: "%s"}
        spec: {host: web}
    """
    old, new = aged % ("z", "2024-01-01T00:00:00Z"), aged % ("a", "2025-01-01T00:00:00Z")
    catalog = catalog_of(WEB, new, old)

    assert applying(catalog) == "shop/z"
    assert [
        (late.metadata.name, first.metadata.name) for late, first in catalog.rules.shadowed
    ] == [("a", "z")]


def test_a_subset_takes_what_it_does_not_say_from_the_rule():
    text = istio(
        "DestinationRule",
        "web",
        """
        host: web
        trafficPolicy:
          loadBalancer: {simple: RANDOM}
          connectionPool: {tcp: {maxConnections: 5}}
        subsets:
        - name: own
          trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}}
        - name: plain
        """,
    )
    (found,) = catalog_of(text).rules

    own = policy_of(found, subset_of(found, "own"))

    assert own.load_balancer is not None
    assert own.load_balancer.simple == "ROUND_ROBIN"
    assert own.connection_pool is not None
    assert own.connection_pool.tcp.max_connections == 5
    assert policy_of(found, subset_of(found, "plain")) == found.spec.traffic_policy
    assert policy_of(None, None).load_balancer is None
    assert subset_of(found, "missing") is None
