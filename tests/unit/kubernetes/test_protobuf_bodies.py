"""What is kept of an object does not depend on whether it came as JSON or as protobuf.

The objects are as Go writes them: in the order of its structs and without what is empty, but for
what it declares otherwise. `tests/kubernetes/test_formats.py` asks a real API server.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from straightway.documents.secrets import GENERIC, KEYS, TLS, Sealed
from straightway.kubernetes import protobuf_bodies
from straightway.kubernetes.json_format import JsonObject
from straightway.kubernetes.protobuf_format import ProtobufObject
from straightway.kubernetes.resources import BY_KIND, NAMESPACES, SECRETS, Resource
from tests.support.kubernetes_protobuf import encoded

Strategy = st.SearchStrategy[Any]
PODS, SERVICES = BY_KIND["", "Pod"], BY_KIND["", "Service"]
SLICES = BY_KIND["discovery.k8s.io", "EndpointSlice"]


@st.composite
def written(draw: st.DrawFn, always: str = "", /, **fields: Strategy) -> dict[str, Any]:
    """Objects with fields in this order, of which some are never left out."""
    return {
        name: draw(field)
        for name, field in fields.items()
        if name in always.split() or draw(st.booleans())
    }


def lists(of: Strategy) -> Strategy:
    return st.lists(of, min_size=1, max_size=3)


TEXTS = st.text(min_size=1, max_size=8)
PORTS = st.integers(1, 65535)
MAPS = st.dictionaries(TEXTS, st.text(max_size=8), min_size=1, max_size=4).map(
    lambda found: dict(sorted(found.items()))
)
TIMES = (
    st.datetimes()
    .filter(lambda time: time.year >= 1971)
    .map(lambda time: time.replace(microsecond=0).isoformat() + "Z")
)

METADATA = written(
    "name resourceVersion",
    name=TEXTS,
    namespace=TEXTS,
    resourceVersion=TEXTS,
    generation=st.integers(1, 2**63 - 1),
    creationTimestamp=TIMES,
    deletionTimestamp=TIMES,
    labels=MAPS,
    annotations=MAPS,
)

CONDITIONS = written(
    "type status", type=st.sampled_from(["Ready", "Initialized", ""]), status=st.text(max_size=5)
)
CONTAINERS = written(ports=lists(written("containerPort", name=TEXTS, containerPort=PORTS)))
POD = written(
    "metadata spec status",
    metadata=METADATA,
    spec=written("containers", containers=lists(CONTAINERS), serviceAccountName=TEXTS),
    status=written(conditions=lists(CONDITIONS), podIP=TEXTS),
)

ENDPOINTS = written(
    "addresses conditions",
    addresses=lists(TEXTS),
    conditions=written(ready=st.booleans()),
    targetRef=written(kind=TEXTS, namespace=TEXTS, name=TEXTS),
)
SLICE = written(
    "metadata addressType endpoints ports",
    metadata=METADATA,
    addressType=st.text(max_size=4),
    endpoints=lists(ENDPOINTS) | st.none(),
    ports=lists(written(name=st.text(max_size=8), port=st.integers(0, 65535))) | st.none(),
)

SERVICE_PORTS = written(
    "port targetPort",
    name=TEXTS,
    protocol=TEXTS,
    appProtocol=st.text(max_size=8),
    port=PORTS,
    targetPort=PORTS | TEXTS,
)
SERVICE = written(
    "metadata spec status",
    metadata=METADATA,
    spec=written(
        ports=lists(SERVICE_PORTS),
        selector=MAPS,
        clusterIP=TEXTS,
        type=TEXTS,
        externalName=TEXTS,
        publishNotReadyAddresses=st.just(value=True),
    ),
    status=written(
        "loadBalancer", loadBalancer=written(ingress=lists(written(ip=TEXTS, hostname=TEXTS)))
    ),
)

CONTENTS = st.binary(max_size=9).map(lambda content: base64.b64encode(content).decode())
SECRET = written(
    "metadata",
    metadata=METADATA,
    data=st.dictionaries(st.sampled_from(KEYS) | TEXTS, CONTENTS | st.none(), min_size=1),
    type=st.sampled_from([TLS, GENERIC, "helm.sh/release.v1"]),
)
NAMESPACE = written("metadata", metadata=METADATA)


@pytest.mark.parametrize(
    ("resource", "objects"),
    [
        pytest.param(resource, objects, id=resource.kind)
        for resource, objects in [
            (PODS, POD),
            (SLICES, SLICE),
            (SERVICES, SERVICE),
            (SECRETS, SECRET),
            (NAMESPACES, NAMESPACE),
        ]
    ],
)
@given(st.data())
def test_both_forms_give_the_same(resource: Resource, objects: Strategy, data: st.DataObject):
    item = {"apiVersion": "v1", "kind": resource.kind, **data.draw(objects)}
    from_json = JsonObject(msgspec.Raw(json.dumps(item).encode())).body(resource)
    from_protobuf = ProtobufObject(encoded(item)).body(resource)
    assert from_protobuf == from_json
    # Also in their order: the source compares digests.
    assert comparable(from_protobuf) == comparable(from_json)


def comparable(body: Any) -> bytes:
    def digest(value: object) -> str:
        assert isinstance(value, Sealed)
        return value.digest.hex()

    return msgspec.json.encode(body, enc_hook=digest)


def test_an_annotation_that_is_no_text_is_read():
    # metadata.annotations = {"a": b"\xff"}
    raw = b"\n\x08b\x06\n\x01a\x12\x01\xff"
    body = protobuf_bodies.named(raw)
    assert body["metadata"]["annotations"] == {"a": "\ufffd"}


def test_nothing_else_is_kept_of_a_pod():
    item = {"kind": "Pod", "metadata": {"name": "a", "resourceVersion": "7"}, "spec": {}}
    # And spec.nodeName, status.phase, and a field that nobody has heard of.
    raw = encoded(item) + b"\x12\x03R\x01n\x1a\x03\n\x01R\xfa\x3f\x01x"
    assert protobuf_bodies.pod(raw) == {
        "metadata": {"name": "a", "resourceVersion": "7"},
        "spec": {"containers": []},
        "status": {},
    }


def test_every_kind_that_has_protobuf_is_one_of_kubernetes():
    for resource in (*BY_KIND.values(), SECRETS, NAMESPACES):
        assert (resource.decode_protobuf is not None) == resource.is_core
        assert ("protobuf" in resource.accept) == resource.is_core
        assert "application/json" in resource.accept
