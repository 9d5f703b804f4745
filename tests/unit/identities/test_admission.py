"""Admission: what proxies get for what they show, whatever they claim."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import grpc
import pytest
import structlog
from envoy.config.core.v3.base_pb2 import Node
from google.protobuf.json_format import ParseDict

from straightway.catalog import Catalog
from straightway.discovery import Peer, RefusedError
from straightway.documents import Change
from straightway.identities import Admissions, PodReader, Tokens
from straightway.identities import pods as pods_module
from straightway.identities.fairness import BURST
from straightway.identities.pods import reference_of
from straightway.kubernetes.errors import ApiError
from tests.support.objects import destination_rule, gateway
from tests.support.tokens import AUDIENCE, LATER, FakeApiServer, reviewed, token
from tests.support.world import parsed

TLS = {"transport_security_type": (b"ssl",)}
UNAUTHENTICATED = grpc.StatusCode.UNAUTHENTICATED
UNAVAILABLE = grpc.StatusCode.UNAVAILABLE
PERMISSION_DENIED = grpc.StatusCode.PERMISSION_DENIED

# By these, audiences differ in their namespaces and labels.
CONFIG = [
    destination_rule("a.example", "shop"),
    destination_rule("a.example", "bank"),
    gateway("front", "shop", selector={"app": "front"}, ports=[80]),
    gateway("back", "bank", selector={"app": "back"}, ports=[80]),
]


def pod(name="gw-1", *, app="front", account="gateway", namespace="shop"):
    metadata = {"name": name, "namespace": namespace, "labels": {"app": app}}
    spec = {"serviceAccountName": account}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


class Door:
    """Admissions with a catalog and an API server of their own."""

    def __init__(self, *objects, **given: Any):
        self.catalog = Catalog()
        self.put(*CONFIG, *objects)
        self.server = FakeApiServer()
        self.synced = asyncio.Event()
        self.synced.set()
        self.rekeyed = 0
        self.address = "ipv4:10.0.0.9:4711"
        options: Any = {
            "tokens": Tokens(self.server, AUDIENCE),
            "pods": PodReader(self.server),
            "home": "straightway-system",
        } | given
        self.admissions = Admissions(self.catalog, self.synced.wait, rekey=self.rekey, **options)

    def rekey(self):
        self.rekeyed += 1

    def put(self, *objects):
        self.catalog.change(parsed(*(json.dumps(each) for each in objects)))

    async def admission(self, shown="", *names):
        metadata = {"authorization": f"Bearer {shown}"} if shown else {}
        certificate = {
            "x509_pem_cert": (b"...",),
            "x509_subject_alternative_name": tuple(name.encode() for name in names),
        }
        security = TLS | (certificate if names else {})
        return await self.admissions.authenticate(Peer(self.address, metadata, security))

    async def audience(self, node, shown="", *names):
        admission = await self.admission(shown, *names)
        assert admission.key_of is not None
        return str(admission.key_of(node))


def node(namespace="shop", name="gw-1", *, app="front"):
    """A gateway's node that claims a namespace, a Pod and a label."""
    metadata = {"LABELS": {"app": app}}
    id_ = f"router~10.0.0.2~{name}.{namespace}~{namespace}.svc.cluster.local"
    return ParseDict({"id": id_, "metadata": metadata}, Node())


async def refused(awaitable):
    with structlog.testing.capture_logs() as logs:
        error = await refused_again(awaitable)
    assert [line["event"] for line in logs if line["event"] == "proxy refused"]
    return error


async def refused_again(awaitable):
    """As `refused`, but the log may have said so before."""
    with pytest.raises(RefusedError) as raised:
        await awaitable
    return raised.value


async def test_a_token_with_a_pod_gives_its_namespace_and_its_labels():
    door = Door(pod())
    assert await door.audience(node(), token(pod="gw-1")) == "router/shop[app=front]"


async def test_labels_that_the_node_claims_do_not_count():
    door = Door(pod(app="back"))
    assert await door.audience(node(app="front"), token(pod="gw-1")) == "router/shop[app=back]"
    assert await door.audience(node(app="front"), token()) == "router/shop[app=back]"


async def test_a_node_of_another_namespace_is_refused_and_told_what_to_change():
    door = Door(pod())
    admission = await door.admission(token("bank/gateway"))
    with structlog.testing.capture_logs() as logs:
        for _ in range(3):
            with pytest.raises(RefusedError) as raised:
                admission.key_of(node("shop"))
    refusal = raised.value
    assert refusal.code is PERMISSION_DENIED
    assert "in namespace 'shop', but proves to be of service account bank/gateway" in str(refusal)
    assert "NAMESPACE" in refusal.details
    assert [line["service_account"] for line in logs] == ["bank/gateway"]


async def test_a_node_that_claims_nothing_gets_what_it_proves():
    door = Door(pod())
    assert await door.audience(Node(id="any"), token(pod="gw-1")) == "sidecar/shop"


async def test_without_a_pod_there_are_no_labels():
    assert await Door().audience(node(), token()) == "router/shop"


async def test_a_pod_that_the_node_names_counts_if_it_has_the_same_account():
    door = Door(pod("gw-1", account="gateway"), pod("gw-2", account="other"))
    assert await door.audience(node(name="gw-1"), token()) == "router/shop[app=front]"
    assert await door.audience(node(name="gw-2"), token()) == "router/shop"


async def test_a_bound_token_counts_for_its_own_pod_alone():
    door = Door(pod("gw-1", app="front"), pod("gw-2", app="back"))
    audience = await door.audience(node(name="gw-2"), token(pod="gw-1"))
    assert audience == "router/shop[app=front]"


async def test_a_client_certificate_is_as_good_as_a_token_without_a_pod():
    door = Door(pod())
    uri = "spiffe://cluster.local/ns/shop/sa/gateway"
    assert await door.audience(node(), "", uri) == "router/shop[app=front]"
    assert await door.audience(node(name="gw-9"), "", "gateway.shop") == "router/shop"


async def test_of_both_the_token_counts():
    door = Door(pod())
    audience = await door.audience(node(), token(pod="gw-1"), "gateway.bank")
    assert audience == "router/shop[app=front]"


async def test_a_certificate_counts_where_no_token_can_be_reviewed():
    door = Door(pod(), tokens=None, pods=None)
    assert await door.audience(node(), token("bank/x"), "gateway.shop") == "router/shop[app=front]"


async def test_a_pod_that_the_catalog_lacks_is_read_once():
    door = Door()
    door.server.pods["shop/gw-1"] = {"uid": "uid-of-gw-1", "labels": {"app": "front"}}
    admission = await door.admission(token(pod="gw-1"))
    assert [str(admission.key_of(node())) for _ in range(2)] == ["router/shop[app=front]"] * 2
    assert door.server.asked[1:] == ["GET /api/v1/namespaces/shop/pods/gw-1"]


async def test_but_not_before_the_catalog_is_complete():
    door = Door()
    door.synced.clear()
    admission = asyncio.create_task(door.admission(token(pod="gw-1")))
    for _ in range(10):
        await asyncio.sleep(0)
    door.put(pod())
    door.synced.set()
    assert str((await admission).key_of(node())) == "router/shop[app=front]"
    assert len(door.server.asked) == 1


@pytest.mark.parametrize(
    ("pods", "error", "code"),
    [
        ({}, None, UNAUTHENTICATED),
        ({"shop/gw-1": {"uid": "another"}}, None, UNAUTHENTICATED),
        ({}, ApiError(403, "Forbidden", "pods is forbidden"), UNAVAILABLE),
    ],
)
async def test_a_pod_that_cannot_be_had_refuses_its_proxy(pods, error, code, monkeypatch):
    monkeypatch.setattr(pods_module, "FRESH", 0)
    door = Door()
    door.server.pods = {"shop/gw-1": {"uid": "uid-of-gw-1"}}
    await door.admission(token(pod="gw-1"))
    door.server.pods, door.server.error = pods, error
    assert (await refused(door.admission(token(pod="gw-1")))).code is code


async def test_a_proxy_that_comes_again_and_again_has_its_pod_read_once():
    door = Door()
    door.server.pods = {"shop/gw-1": {"uid": "uid-of-gw-1", "labels": {"app": "front"}}}
    for _ in range(100):
        assert await door.audience(node(), token(pod="gw-1")) == "router/shop[app=front]"
        assert (await refused_again(door.admission(token(pod="gw-2")))).code is UNAUTHENTICATED
    assert sum(each.startswith("GET") for each in door.server.asked) == 2


async def test_a_flood_of_tokens_from_one_address_keeps_no_other_out():
    door = Door(pod())
    known = token(pod="gw-1")
    await door.audience(node(), known)
    door.server.review = lambda claims: reviewed(claims) if claims["pod"] else {}
    for number in range(2 * BURST):
        await refused_again(door.admission(token(expires=LATER + number)))
    assert len(door.server.asked) == 1 + BURST
    # The one that is known, from the same address, and a new one from another.
    assert await door.audience(node(), known) == "router/shop[app=front]"
    assert (await refused_again(door.admission(token("shop/a", pod="gw-1")))).code is UNAVAILABLE
    door.address = "ipv4:10.0.0.8:4711"
    assert await door.audience(node(), token("shop/a", pod="gw-1")) == "router/shop[app=front]"


async def test_a_pods_new_labels_move_its_proxies():
    door = Door(pod(app="front"))
    admission = await door.admission(token(pod="gw-1"))
    assert str(admission.key_of(node())) == "router/shop[app=front]"
    door.put(pod(app="back"))
    door.admissions.changed(Change(changed=(reference_of("shop", "gw-2"),)))
    assert door.rekeyed == 0
    door.admissions.changed(Change(changed=(reference_of("shop", "gw-1"),)))
    assert door.rekeyed == 1
    assert str(admission.key_of(node())) == "router/shop[app=back]"


async def test_pods_of_proxies_that_have_gone_move_nobody():
    door = Door(pod())
    await door.audience(node(), token(pod="gw-1"))
    door.admissions.changed(Change(changed=(reference_of("shop", "gw-1"),)))
    assert door.rekeyed == 0


async def test_labels_stay_when_the_pod_is_gone():
    door = Door(pod())
    admission = await door.admission(token(pod="gw-1"))
    admission.key_of(node())
    door.catalog.change({reference_of("shop", "gw-1"): None})
    assert str(admission.key_of(node())) == "router/shop[app=front]"


async def test_of_a_pod_that_is_gone_only_labels_count_that_counted_then():
    body = pod()
    body["metadata"]["labels"]["tier"] = "old"
    door = Door(body)
    admission = await door.admission(token(pod="gw-1"))
    admission.key_of(node())
    door.catalog.change({reference_of("shop", "gw-1"): None})
    # It may have got another value without a word, because nobody named it.
    door.put(gateway("old", "shop", selector={"tier": "old"}, ports=[81]))
    assert str(admission.key_of(node())) == "router/shop[app=front]"


async def test_without_tls_everybody_may_do_everything():
    admission = await Door().admissions.authenticate(Peer("ipv4:127.0.0.1:1", {}, {}))
    assert admission.key_of is None
    assert admission.sees_clients


async def test_who_shows_nothing_is_refused_and_told_what_to_show():
    refusal = await refused(Door().admission())
    assert refusal.code is UNAUTHENTICATED
    assert "service account token" in refusal.details
    refusal = await refused(Door(tokens=None).admission())
    assert refusal.details == "show a client certificate"


async def test_or_admitted_where_that_is_wanted():
    admission = await Door(accepts_anonymous=True).admission()
    assert admission.key_of is None
    assert not admission.sees_clients


async def test_a_bad_token_is_refused_also_where_anonymous_proxies_are_admitted():
    refusal = await refused(Door(accepts_anonymous=True).admission("opaque"))
    assert refusal.code is UNAUTHENTICATED


async def test_what_cannot_be_checked_is_unavailable_so_that_the_proxy_comes_again():
    door = Door()
    door.server.is_away = True
    assert (await refused(door.admission(token()))).code is UNAVAILABLE


@pytest.mark.parametrize(
    ("account", "sees"), [("straightway-system/debug", True), ("shop/gateway", False)]
)
async def test_only_the_control_planes_own_namespace_sees_all_clients(account, sees):
    assert (await Door().admission(token(account))).sees_clients is sees
