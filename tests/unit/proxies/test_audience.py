"""Which proxies get the same config."""

from __future__ import annotations

import pytest
from envoy.config.core.v3 import base_pb2
from google.protobuf import json_format

from straightway.proxies.audience import (
    Audience,
    Proxy,
    Role,
    audience_of,
    gateway_selector_keys,
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
    assert proxy_of("x", {"LABELS": {"a": 1, "b": True}}).labels == {"a": "1", "b": "True"}


@pytest.mark.parametrize(("mode", "captured"), [("NONE", False), ("REDIRECT", True), (None, True)])
def test_a_sidecar_says_if_its_traffic_is_captured(mode, captured):
    assert proxy_of("x", {"INTERCEPTION_MODE": mode}).captured is captured


def test_a_node_on_the_wire_is_read_the_same():
    node = base_pb2.Node(id=f"router~10.0.0.1~gw-1.shop~{DOMAIN}")
    json_format.ParseDict({"LABELS": {"istio": "gw"}}, node.metadata)

    assert proxy_of_node(node) == Proxy(Role.GATEWAY, "shop", {"istio": "gw"})


def test_gateways_differ_by_labels_that_some_selector_names_alone():
    one = Proxy(Role.GATEWAY, "shop", {"istio": "gw", "pod-template-hash": "1"})
    two = Proxy(Role.GATEWAY, "shop", {"istio": "gw", "pod-template-hash": "2"})

    assert audience_of(one, {"istio"}) == audience_of(two, {"istio"})
    assert audience_of(one, {"istio"}) == Audience(Role.GATEWAY, "shop", (("istio", "gw"),))
    assert audience_of(one, {"pod-template-hash"}) != audience_of(two, {"pod-template-hash"})


def test_sidecars_differ_by_namespace_and_capture_alone():
    one = Proxy(Role.SIDECAR, "shop", {"app": "a"})
    two = Proxy(Role.SIDECAR, "shop", {"app": "b"})
    free = Proxy(Role.SIDECAR, "shop", {"app": "a"}, captured=False)

    assert audience_of(one, {"app"}) == audience_of(two, {"app"})
    assert audience_of(one, {"app"}) != audience_of(free, {"app"})


def test_selectors_of_gateways_transcoders_and_services_tell_gateways_apart():
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
        istio("Gateway", "gw", gateway),
        istio("ASMGrpcJsonTranscoder", "t", transcoder),
        service("gw", "{port: 80}", selector={"app": "gw"}),
    )

    assert gateway_selector_keys(catalog) == {"istio", "tier", "app"}


def test_an_audience_is_named_in_logs_by_role_namespace_and_labels():
    assert str(Audience(Role.GATEWAY, "shop", (("a", "b"),))) == "router/shop[a=b]"
    assert str(Audience(Role.SIDECAR, "shop")) == "sidecar/shop"
