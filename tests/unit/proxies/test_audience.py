"""Which proxies get the same config."""

from __future__ import annotations

import math
from typing import Any

import pytest
from envoy.config.core.v3.base_pb2 import Node
from google.protobuf import json_format

from straightway.proxies import audience
from straightway.proxies.audience import (
    Audience,
    Proxy,
    Role,
    audience_in,
    audience_of,
    proxy_of,
    proxy_of_node,
)
from tests.support.configs import catalog_of, istio, service

DOMAIN = "shop.svc.cluster.local"


@pytest.mark.parametrize(
    ("node_id", "metadata", "role", "namespace"),
    [
        (f"router~10.0.0.1~gw-1.shop~{DOMAIN}", {}, Role.GATEWAY, "shop"),
        (f"sidecar~10.0.0.1~web-1.shop~{DOMAIN}", {}, Role.SIDECAR, "shop"),
        (f"sidecar~10.0.0.1~web-1~{DOMAIN}", {}, Role.SIDECAR, "shop"),
        (f"router~10.0.0.1~gw-1.shop~{DOMAIN}", {"NAMESPACE": "own"}, Role.GATEWAY, "own"),
        ("edge-7", {"ROLE": "gateway", "NAMESPACE": "shop"}, Role.GATEWAY, "shop"),
        ("edge-7", {"ROLE": "router"}, Role.GATEWAY, "default"),
        ("edge-7", {}, Role.SIDECAR, "default"),
        ("", {"NAMESPACE": None, "LABELS": "none", "ROLE": 7}, Role.SIDECAR, "default"),
    ],
)
def test_role_and_namespace_come_from_an_istio_id_or_else_the_metadata(
    node_id, metadata, role, namespace
):
    proxy = proxy_of(node_id, metadata)

    assert (proxy.role, proxy.namespace) == (role, namespace)


def test_labels_are_texts_whatever_the_metadata_holds():
    labels = proxy_of("x", {"LABELS": {"a": 1, "b": True, "c": 1.5, "d": 2.0, "e": "7.0"}}).labels

    assert labels == {"a": "1", "b": "true", "c": "1.5", "d": "2", "e": "7.0"}


@pytest.mark.parametrize(("mode", "captured"), [("NONE", False), ("REDIRECT", True), (None, True)])
def test_a_sidecar_says_if_its_traffic_is_captured(mode, captured):
    assert proxy_of("x", {"INTERCEPTION_MODE": mode}).captured is captured


@pytest.mark.parametrize(
    ("ports", "expected"),
    [
        ("8080,9090", {8080, 9090}),
        (" 8080 ,, x, -1, 80", {8080, 80}),
        ("", set()),
        (None, set()),
        (8080, set()),
        (["8080"], set()),
    ],
)
def test_a_sidecar_says_on_which_ports_its_application_listens(ports, expected):
    assert proxy_of("x", {"OWN_PORTS": ports}).own_ports == expected


def test_no_client_lists_ports_without_end():
    ports = ",".join(map(str, range(1, 10_000)))
    assert proxy_of("x", {"OWN_PORTS": ports}).own_ports == set(range(1, 33))


def test_own_ports_count_where_services_have_them_and_nothing_is_captured():
    def audience(mode: str, ports: str, services: set[int]) -> Audience:
        proxy = proxy_of("x", {"INTERCEPTION_MODE": mode, "OWN_PORTS": ports})
        return audience_of(proxy, set(), set(), services)

    assert audience("NONE", "8080,9090", {80, 8080}).own_ports == (8080,)
    assert audience("NONE", "9090", {80}) == audience("NONE", "", {80})
    assert audience("REDIRECT", "8080", {8080}).own_ports == ()
    assert str(audience("NONE", "8080", {8080})) == "sidecar/* without 8080"


def node(metadata: dict[str, Any], node_id: str = f"router~10.0.0.1~gw-1.shop~{DOMAIN}") -> Node:
    made = Node(id=node_id)
    json_format.ParseDict(metadata, made.metadata)
    return made


def test_a_node_on_the_wire_is_read_the_same():
    metadata = {"LABELS": {"istio": "gw", "tier": 1}, "INTERCEPTION_MODE": "NONE", "OTHER": [1]}

    expected = Proxy(Role.GATEWAY, "shop", {"istio": "gw", "tier": "1"}, captured=False)
    assert proxy_of_node(node(metadata)) == expected


def test_a_node_on_the_wire_is_read_again_when_it_says_something_else():
    first = proxy_of_node(node({"LABELS": {"istio": "gw"}}))

    assert proxy_of_node(node({"LABELS": {"istio": "gw"}})) is first
    assert proxy_of_node(node({"LABELS": {"istio": "other"}})).labels == {"istio": "other"}
    assert proxy_of_node(node({}, "x")) == Proxy(Role.SIDECAR, "default", {})


def test_large_metadata_is_read_and_not_remembered():
    large = node({"LABELS": {"istio": "gw"}, "OTHER": "x" * 20_000})
    remembered = audience._proxy_of_node.cache_info().currsize

    assert proxy_of_node(large) == Proxy(Role.GATEWAY, "shop", {"istio": "gw"})
    assert audience._proxy_of_node.cache_info().currsize == remembered


@pytest.mark.parametrize("number", [math.nan, math.inf])
@pytest.mark.parametrize("field", ["LABELS", "NAMESPACE", "OTHER"])
def test_metadata_that_json_does_not_have_is_as_if_it_were_not_there(field, number):
    odd = node({})
    odd.metadata.fields[field].struct_value.fields["x"].number_value = number

    assert proxy_of_node(odd) == Proxy(Role.GATEWAY, "shop", {})


# --- Versions ---


def of_version(name: str, *version: int) -> Node:
    made = node({})
    made.user_agent_name = name
    number = made.user_agent_build_version.version
    number.major_number, number.minor_number, number.patch = version
    return made


@pytest.mark.parametrize("version", [(1, 40, 0), (1, 40, 7), (1, 41, 0), (2, 0, 0)])
def test_a_new_envoy_can_leave_subsets(version):
    assert proxy_of_node(of_version("envoy", *version)).leaves_subsets


@pytest.mark.parametrize("version", [(1, 39, 3), (1, 4, 0), (0, 50, 0)])
def test_an_older_one_cannot(version):
    assert not proxy_of_node(of_version("envoy", *version)).leaves_subsets


def test_nor_can_a_client_that_is_no_envoy_or_does_not_tell_its_version():
    assert not proxy_of_node(of_version("gRPC C-core", 1, 80, 0)).leaves_subsets
    assert not proxy_of_node(node({})).leaves_subsets


def test_proxies_that_differ_in_this_are_two_audiences():
    for role in Role:
        new, old = (
            audience_of(Proxy(role, "shop", {}, leaves_subsets=each), set(), {"shop"})
            for each in (True, False)
        )
        assert new.leaves_subsets
        assert not old.leaves_subsets
        assert str(new) == f"{old} leaving subsets"


@pytest.mark.parametrize(("version", "finds"), [((1, 38, 0), True), ((1, 37, 9), False)])
def test_keys_are_found_everywhere_since_1_38(version, finds):
    assert proxy_of_node(of_version("envoy", *version)).finds_keys is finds


def test_proxies_that_find_keys_are_audiences_of_their_own():
    for role in Role:
        new, old = (
            audience_of(Proxy(role, "shop", {}, finds_keys=each), set(), {"shop"})
            for each in (True, False)
        )
        assert (new.finds_keys, old.finds_keys) == (True, False)
        assert str(new) == f"{old} finding keys"


# --- Audiences ---

PAIRS = {("istio", "gw")}


def test_gateways_differ_by_pairs_of_labels_that_some_selector_has():
    one = Proxy(Role.GATEWAY, "shop", {"istio": "gw", "pod-template-hash": "1"})
    two = Proxy(Role.GATEWAY, "shop", {"istio": "gw", "pod-template-hash": "2"})
    other = Proxy(Role.GATEWAY, "shop", {"istio": "other"})

    expected = Audience(Role.GATEWAY, "shop", (("istio", "gw"),))
    assert audience_of(one, PAIRS, {"shop"}) == audience_of(two, PAIRS, {"shop"}) == expected
    # Which of the values without a selector it has does not matter.
    assert audience_of(other, PAIRS, {"shop"}) == Audience(Role.GATEWAY, "shop")
    by_hash = {("pod-template-hash", "1")}
    assert audience_of(one, by_hash, {"shop"}) != audience_of(two, by_hash, {"shop"})


def test_labels_of_an_audience_are_sorted():
    labels = {"b": "2", "a": "1", "c": "3"}

    found = audience_of(Proxy(Role.GATEWAY, "shop", labels), frozenset(labels.items()), set())
    assert found.labels == (("a", "1"), ("b", "2"), ("c", "3"))


def test_sidecars_differ_by_namespace_and_capture_alone():
    one = Proxy(Role.SIDECAR, "shop", {"app": "a"})
    two = Proxy(Role.SIDECAR, "shop", {"app": "b"})
    free = Proxy(Role.SIDECAR, "shop", {"app": "a"}, captured=False)

    pairs = {("app", "a"), ("app", "b")}
    assert audience_of(one, pairs, {"shop"}) == audience_of(two, pairs, {"shop"})
    assert audience_of(one, pairs, {"shop"}) != audience_of(free, pairs, {"shop"})


@pytest.mark.parametrize("role", Role)
def test_namespaces_that_hold_nothing_are_one(role):
    one, two = Proxy(role, "one", {}), Proxy(role, "two", {})

    assert audience_of(one, set(), {"shop"}) == Audience(role, "")
    assert audience_of(one, set(), {"shop"}) == audience_of(two, set(), {"shop"})
    assert audience_of(one, set(), {"one"}) == Audience(role, "one")


def test_the_config_says_which_labels_and_namespaces_tell_proxies_apart():
    gateway = """
        selector: {istio: gw}
        servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]
    """
    transcoder = """
        isGateway: true
        workloadSelector: {labels: {tier: front}}
        builtinProtoDescriptor: kserve_predict_v2
    """
    catalog = catalog_of(
        istio("Gateway", "gw", gateway, "anywhere"),
        istio("ASMGrpcJsonTranscoder", "t", transcoder, "transcoders"),
        istio("DestinationRule", "r", "{host: x}", "rules"),
        service("gw", "{port: 80}", "services", selector={"app": "gw"}),
    )
    labels = {"istio": "gw", "tier": "front", "app": "gw", "hash": "x"}

    def found(namespace: str, **changed: str) -> Audience:
        return audience_in(Proxy(Role.GATEWAY, namespace, labels | changed), catalog)

    chosen = (("app", "gw"), ("istio", "gw"), ("tier", "front"))
    for namespace in ("transcoders", "rules", "services"):
        assert found(namespace) == Audience(Role.GATEWAY, namespace, chosen)
    # A Gateway is for the proxies that it selects, in whatever namespace it is.
    assert found("anywhere") == Audience(Role.GATEWAY, "", chosen)
    assert found("rules", app="x", tier="y").labels == (("istio", "gw"),)


def test_an_audience_is_named_in_logs_by_role_namespace_and_labels():
    assert str(Audience(Role.GATEWAY, "shop", (("a", "b"),))) == "router/shop[a=b]"
    assert str(Audience(Role.SIDECAR, "shop")) == "sidecar/shop"
    assert str(Audience(Role.SIDECAR, "")) == "sidecar/*"


def test_proxies_with_the_same_config_have_the_same_object_as_audience():
    proxies = [Proxy(Role.GATEWAY, "shop", {"app": "gw", "pod": pod}) for pod in ("1", "2")]
    one, other = (audience_of(each, {("app", "gw")}, {"shop"}) for each in proxies)
    assert one is other
