"""What a real API server says as JSON and as protobuf is the same to us."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from straightway.documents.secrets import Sealed
from straightway.kubernetes import ApiError, Client, connect
from straightway.kubernetes.client import Query
from straightway.kubernetes.formats import JSON, PROTOBUF, Format
from straightway.kubernetes.media_types import JSON as AS_JSON
from straightway.kubernetes.media_types import RATHER_PROTOBUF
from straightway.kubernetes.objects import Undecoded
from straightway.kubernetes.resources import BY_KIND, NAMESPACES, SECRETS, Resource
from straightway.schemas import definitions
from tests.support.core_objects import (
    PODS,
    SERVICES,
    SLICES,
    pods,
    secrets,
    services,
    slices,
    statuses,
    written,
)
from tests.support.kube import KubeServer
from tests.support.objects import route_to, virtual_service

Json = dict[str, Any]

ROUTES = BY_KIND["networking.istio.io", "VirtualService"]
FORMS = {JSON: AS_JSON, PROTOBUF: RATHER_PROTOBUF}
_LISTED = {"sendInitialEvents": True, "resourceVersionMatch": "NotOlderThan"}


@pytest.fixture
async def api(kube: KubeServer) -> AsyncIterator[Client]:
    async with connect(kube.kubeconfig()) as client:
        yield client


# --- Reading ---


async def listed(
    api: Client, resource: Resource, namespace: str, form: Format, limit: int = 100
) -> dict[str, bytes]:
    """Return what is kept of a list, read in pages, in a form to compare."""
    found: dict[str, bytes] = {}
    token = ""
    while token or not found:
        query: Query = {"limit": limit, "continue": token}
        path = resource.path("v1", namespace)
        answer = await api.read(path, query, accept=FORMS[form])
        assert answer.format is form
        items, _, token = answer.format.read_page(answer.content)
        found |= dict(kept(resource, item) for item in items)
    return found


@asynccontextmanager
async def watched(
    api: Client, resource: Resource, namespace: str, form: Format, **query: Any
) -> AsyncIterator[AsyncIterator[tuple[str, Undecoded]]]:
    """Watch with everything first; gives an iterator of events."""
    query = {"watch": True, "allowWatchBookmarks": True, "timeoutSeconds": 20, **query}
    path = resource.path("v1", namespace)
    async with api.stream(path, query, accept=FORMS[form], read_timeout=30) as stream:
        assert stream.format is form
        yield (stream.format.read_event(each) async for batch in stream.batches for each in batch)


async def streamed(
    api: Client, resource: Resource, namespace: str, form: Format
) -> dict[str, bytes]:
    """Return what is kept of a streamed list, up to its mark, in a form to compare."""
    found: dict[str, bytes] = {}
    async with watched(api, resource, namespace, form, **_LISTED) as events:
        async for kind, item in events:
            if kind == "BOOKMARK":
                assert item.bookmark()[1]
                return found
            found |= dict([kept(resource, item)])
    raise AssertionError("the list has no end")


def kept(resource: Resource, item: Undecoded) -> tuple[str, bytes]:
    """Return an object's key, and what is kept of it, in its order: a digest is made of it."""
    body = item.body(resource)
    key, version = item.identity()
    assert version == body["metadata"]["resourceVersion"]
    return key, msgspec.json.encode(body, enc_hook=_digest)


def _digest(value: object) -> str:
    assert isinstance(value, Sealed)
    return value.digest.hex()


async def assert_same(api: Client, resource: Resource, namespace: str, count: int) -> None:
    """Compare a list in all ways of reading it."""
    expected = await listed(api, resource, namespace, JSON)
    assert len(expected) >= count
    assert await listed(api, resource, namespace, PROTOBUF) == expected
    assert await listed(api, resource, namespace, PROTOBUF, limit=2) == expected
    assert await streamed(api, resource, namespace, JSON) == expected
    assert await streamed(api, resource, namespace, PROTOBUF) == expected


# --- Tests ---


async def test_pods(api: Client, kube: KubeServer, namespace: str) -> None:
    items = kube.create(*pods(namespace))
    for item, status in zip(items[1:], statuses(), strict=True):
        kube.set_status(item, status)
    # It stays, with a time of its deletion.
    kube.delete(items[2])
    await assert_same(api, PODS, namespace, 3)
    bodies = await listed(api, PODS, namespace, PROTOBUF)
    assert b"deletionTimestamp" in bodies[f"{namespace}/held"]
    assert msgspec.json.decode(bodies[f"{namespace}/served"])["status"] == {
        "podIP": "10.0.0.1",
        "conditions": [{"type": "Ready", "status": "True"}],
    }


async def test_endpoint_slices(api: Client, kube: KubeServer, namespace: str) -> None:
    kube.create(*slices(namespace))
    await assert_same(api, SLICES, namespace, 4)


async def test_services(api: Client, kube: KubeServer, namespace: str) -> None:
    items = kube.create(*services(namespace))
    ingress = [
        {"ip": "192.0.2.1", "ports": [{"port": 443, "protocol": "TCP"}]},
        {"hostname": "a.b"},
    ]
    kube.set_status(items[-1], {"loadBalancer": {"ingress": ingress}})
    await assert_same(api, SERVICES, namespace, 5)


async def test_secrets(api: Client, kube: KubeServer, namespace: str) -> None:
    kube.create(*secrets(namespace))
    await assert_same(api, SECRETS, namespace, 5)


async def test_namespaces(api: Client, namespace: str) -> None:
    await assert_same(api, NAMESPACES, "", 2)


async def test_an_object_changes_and_goes(api: Client, kube: KubeServer, namespace: str) -> None:
    [item] = kube.create(next(services(namespace)))
    before = item["metadata"]["resourceVersion"]
    kube.apply(written(SERVICES, "one", namespace, metadata={"labels": {"a": ""}}))
    kube.delete(item)
    found: list[list[tuple[str, bytes]]] = []
    for form in FORMS:
        async with watched(api, SERVICES, namespace, form, resourceVersion=before) as events:
            came = [await anext(events) for _ in range(2)]
        assert [kind for kind, _ in came] == ["MODIFIED", "DELETED"]
        found.append([kept(SERVICES, each) for _, each in came])
    assert found[0] == found[1]


async def test_a_kind_without_protobuf_comes_as_json(
    api: Client, kube: KubeServer, namespace: str
) -> None:
    kube.install_crds(definitions())
    kube.apply(virtual_service("routes", namespace, [route_to("a.example")]))
    path = ROUTES.path("v1", namespace)
    answer = await api.read(path, {"limit": 5}, accept=RATHER_PROTOBUF)
    assert answer.format is JSON
    assert len(list(answer.format.read_page(answer.content)[0])) == 1
    query: Query = {"watch": True, "resourceVersion": "0", "timeoutSeconds": 5}
    async with api.stream(path, query, accept=RATHER_PROTOBUF, read_timeout=10) as stream:
        assert stream.format is JSON
        [event] = await anext(stream.batches)
        assert stream.format.read_event(event)[0] == "ADDED"


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/api/v1/nothing", {}),
        ("/api/v1/services", {"limit": 1, "continue": "broken"}),
        ("/api/v1/services", {"watch": True, "sendInitialEvents": True}),
        ("/api/v1/services", {"watch": True, "fieldSelector": "spec.nothing=1"}),
    ],
)
async def test_a_refusal_is_the_same(api: Client, path: str, query: Json) -> None:
    refusals = []
    for accept in FORMS.values():
        with pytest.raises(ApiError) as refused:
            await api.read(path, query, accept=accept)
        refusals.append((refused.value.status, refused.value.reason, refused.value.message))
    assert refusals[0] == refusals[1]
    assert refusals[0][2] != "no message"


async def test_an_expired_version_is_an_error_in_the_stream(own_kube: KubeServer) -> None:
    own_kube.apply(written(NAMESPACES, "shop"))
    first = own_kube.read(written(NAMESPACES, "shop"))["metadata"]["resourceVersion"]
    for number in range(3):
        own_kube.apply(written(NAMESPACES, "shop", metadata={"labels": {"step": str(number)}}))
        own_kube.compact()
    own_kube.kill()
    own_kube.start()
    errors = []
    async with connect(own_kube.kubeconfig()) as api:
        for form in FORMS:
            async with watched(api, NAMESPACES, "", form, resourceVersion=first) as events:
                with pytest.raises(ApiError) as expired:
                    await anext(events)
            errors.append((expired.value.status, expired.value.reason))
    assert errors == [(410, "Expired")] * 2
