"""Whatever a node claims, its proxy gets no more than what is proved."""

from __future__ import annotations

import asyncio
import json

import structlog
from envoy.config.core.v3.base_pb2 import Node
from google.protobuf.json_format import ParseDict
from hypothesis import given, settings
from hypothesis import strategies as st

from straightway.catalog import Catalog
from straightway.discovery import RefusedError
from straightway.identities import Identity
from straightway.identities.claims import ProvedKey
from straightway.identities.refusals import RefusalLog
from straightway.proxies.audience import audience_in, proxy_of_node
from tests.support.objects import destination_rule, gateway
from tests.support.world import parsed

NAMESPACES = ["shop", "bank"]
ACCOUNTS = ["a", "b"]
APPS = ["front", "back"]
# Of each account and app one, so that labels tell whose a Pod is.
NAMES = [f"{app}-{account}" for app in APPS for account in ACCOUNTS]


def pod(namespace, name):
    metadata = {"name": name, "namespace": namespace, "labels": {"app": name}}
    spec = {"serviceAccountName": name[-1], "containers": []}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


PODS = {(namespace, name): pod(namespace, name) for namespace in NAMESPACES for name in NAMES}
CATALOG = Catalog()
CATALOG.change(
    parsed(
        *(json.dumps(each) for each in PODS.values()),
        *(json.dumps(destination_rule("x.example", each)) for each in NAMESPACES),
        *(json.dumps(gateway(name, "shop", selector={"app": name}, ports=[80])) for name in NAMES),
    )
)

names = st.sampled_from([*NAMES, "none", ""])
namespaces = st.sampled_from([*NAMESPACES, *NAMESPACES, "none", ""])
roles = st.sampled_from(["router", "router", "sidecar", "other"])
ids = st.builds(
    lambda role, name, namespace: f"{role}~10.0.0.2~{name}.{namespace}~{namespace}.svc",
    roles,
    names,
    namespaces,
)
metadata = st.fixed_dictionaries(
    {},
    optional={
        "NAMESPACE": namespaces,
        "ROLE": roles,
        "LABELS": st.fixed_dictionaries({"app": names}) | st.text(),
    },
)
nodes = st.fixed_dictionaries({"id": ids | ids | st.text(max_size=20), "metadata": metadata})
identities = st.builds(Identity, st.sampled_from(NAMESPACES), st.sampled_from(ACCOUNTS)) | (
    st.sampled_from([Identity(namespace, name[-1], name) for namespace, name in PODS])
)


async def audience_of(identity, node):
    with structlog.testing.capture_logs():
        return ProvedKey(identity, CATALOG, RefusalLog())(node)


def pods_of(identity):
    """The Pods that an identity may be."""
    for (namespace, name), body in PODS.items():
        is_bound = name == identity.pod
        may_be = body["spec"]["serviceAccountName"] == identity.account and not identity.pod
        if namespace == identity.namespace and (is_bound or may_be):
            yield body


@settings(max_examples=500)
@given(identities, nodes)
def test_a_node_gets_what_an_honest_one_would(identity, claims):
    node = ParseDict(claims, Node())
    try:
        audience = asyncio.run(audience_of(identity, node))
    except RefusedError:
        assert proxy_of_node(node).claimed_namespace != identity.namespace
        return
    assert audience.namespace == identity.namespace
    labels = [tuple(each["metadata"]["labels"].items()) for each in pods_of(identity)]
    assert audience.labels in [(), *labels]
    if not proxy_of_node(node).pod and not identity.pod:
        assert audience.labels == ()


@given(st.sampled_from(sorted(PODS)))
def test_an_honest_node_gets_what_it_gets_without_proof(place):
    namespace, name = place
    body = PODS[place]
    claims = {
        "id": f"router~10.0.0.2~{name}.{namespace}~{namespace}.svc.cluster.local",
        "metadata": {"LABELS": body["metadata"]["labels"]},
    }
    node = ParseDict(claims, Node())
    unproved = audience_in(proxy_of_node(node), CATALOG)
    account = body["spec"]["serviceAccountName"]
    for identity in (Identity(namespace, account), Identity(namespace, account, name)):
        assert asyncio.run(audience_of(identity, node)) is unproved
