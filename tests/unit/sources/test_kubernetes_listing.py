"""The Kubernetes source: when it is complete, and what a change of an object makes it emit."""

from __future__ import annotations

from typing import Any

import pytest

from straightway.kubernetes.resources import RESOURCES
from tests.support.fake_cluster import FakeCluster
from tests.support.followed_cluster import followed
from tests.support.objects import service, virtual_service
from tests.support.virtual_time import run

SHOP = service("shop", "default", selector={"app": "shop"}, ports={"http": 80})
ROUTES = virtual_service("routes", "default", [])
ROUTES_KEY = "virtualservices.networking.istio.io/default/routes"
OTHER = virtual_service("routes", "elsewhere", [])


def changed(body: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {**body, "metadata": {**body["metadata"], **metadata}}


def with_revision(revision: str) -> dict[str, Any]:
    return changed(ROUTES, labels={"istio.io/rev": revision})


def test_it_is_complete_when_every_kind_is_listed():
    async def story():
        cluster = FakeCluster()
        cluster.write(SHOP)
        cluster.write(ROUTES)
        cluster.failing.add("pods")
        async with followed(cluster) as source:
            await source.after(60)
            assert source.objects == {"services/default/shop", ROUTES_KEY}
            assert not source.is_synced
            cluster.failing.clear()
            await source.after()
            assert source.is_synced
            [*_, before, last] = source.updates
            assert (before.synced, last.synced) == (False, True)

    run(story())


def test_objects_have_their_kind_and_origin():
    async def story():
        cluster = FakeCluster()
        cluster.write(ROUTES)
        cluster.write(SHOP)
        async with followed(cluster) as source:
            await source.after()
            [document] = source.taken[ROUTES_KEY].documents
            assert document.body == ROUTES
            assert document.origin.at(("spec", "http", 0)) == "VirtualService/default/routes@101"
            assert document.is_durable
            [document] = source.taken["services/default/shop"].documents
            # As every Service has it.
            assert document.body == {**SHOP, "status": {"loadBalancer": {}}}
            assert not document.is_durable

    run(story())


def test_a_server_without_protobuf_is_read_as_json():
    async def story():
        cluster = FakeCluster()
        cluster.has_protobuf = False
        async with followed(cluster) as source:
            await source.after()
            cluster.write(SHOP)
            await source.after()
            assert source.taken["services/default/shop"].documents[0].body == SHOP
            cluster.has_protobuf = True
            # The next list is in the other form, and nothing is new.
            cluster.expire()
            assert await source.after() == []
            cluster.write({**SHOP, "spec": {**SHOP["spec"], "type": "NodePort"}})
            assert len(await source.after()) == 1

    run(story())


def test_an_empty_cluster_is_complete():
    async def story():
        async with followed(FakeCluster()) as source:
            assert await source.after() == []
            assert [update.synced for update in source.updates] == [True]

    run(story())


def test_changes_are_emitted_and_deletions_too():
    async def story():
        cluster = FakeCluster()
        async with followed(cluster) as source:
            await source.after()
            cluster.write(ROUTES)
            [bundle] = await source.after(0.001)
            assert bundle.documents[0].body == ROUTES
            cluster.delete(ROUTES)
            [bundle] = await source.after(0.001)
            assert (bundle.key, bundle.documents, bundle.complete) == (ROUTES_KEY, (), True)

    run(story())


def test_a_version_in_which_nothing_counts_is_not_emitted():
    async def story():
        cluster = FakeCluster()
        cluster.write(ROUTES)
        async with followed(cluster) as source:
            await source.after()
            cluster.write({**ROUTES, "status": {"conditions": []}})
            cluster.write(changed(ROUTES, finalizers=["x"]))
            cluster.expire()
            assert await source.after() == []

    run(story())


def test_what_is_deleted_unseen_is_found_after_a_410():
    async def story():
        cluster = FakeCluster()
        cluster.write(ROUTES)
        cluster.write(SHOP)
        async with followed(cluster) as source:
            await source.after()
            cluster.delete_unseen(ROUTES)
            cluster.expire()
            assert [bundle.key for bundle in await source.after()] == [ROUTES_KEY]
            assert source.objects == {"services/default/shop"}

    run(story())


# Namespaces and revisions.


def test_only_the_named_namespaces_are_read():
    async def story():
        cluster = FakeCluster()
        cluster.write(ROUTES)
        cluster.write(OTHER)
        async with followed(cluster, namespaces=["default", "third"]) as source:
            await source.after()
            assert source.is_synced
            assert source.objects == {ROUTES_KEY}
        lists = [path for path in cluster.requests if path.endswith("/pods")]
        assert lists == [f"/api/v1/namespaces/{name}/pods" for name in ("default", "third")]

    run(story())


def test_a_revision_selects_its_own_and_those_without():
    async def story():
        cluster = FakeCluster()
        cluster.write(with_revision("blue"))
        cluster.write(OTHER)
        cluster.write(changed(SHOP, labels={"istio.io/rev": "green"}))
        async with followed(cluster, revision="green") as source:
            await source.after()
            assert source.is_synced
            assert source.objects == {
                "virtualservices.networking.istio.io/elsewhere/routes",
                "services/default/shop",
            }

    run(story())


def test_a_label_that_changes_takes_an_object_in_and_out():
    async def story():
        cluster = FakeCluster()
        cluster.write(with_revision("blue"))
        async with followed(cluster, revision="green") as source:
            await source.after()
            for body, is_there in [
                (with_revision("green"), True),
                (with_revision("blue"), False),
                (ROUTES, True),
                (with_revision("blue"), False),
            ]:
                cluster.write(body)
                await source.after(1)
                assert (ROUTES_KEY in source.objects) is is_there
            cluster.delete(ROUTES)
            assert await source.after() == []

    run(story())


def test_without_a_revision_all_are_taken():
    async def story():
        cluster = FakeCluster()
        cluster.write(with_revision("blue"))
        async with followed(cluster) as source:
            await source.after()
            assert source.objects == {ROUTES_KEY}

    run(story())


def test_a_quiet_cluster_is_left_in_peace():
    async def story():
        cluster = FakeCluster()
        async with followed(cluster) as source:
            await source.after(60)
            before = len(cluster.requests)
            await source.after(3600)
            # The fake's watches have no end.
            assert len(cluster.requests) == before

    run(story())


def test_a_status_that_is_written_is_seen_and_not_emitted():
    async def story():
        cluster = FakeCluster()
        by_user = {"manager": "kubectl", "fieldsV1": {"f:spec": {}}}
        cluster.write(changed(ROUTES, managedFields=[by_user]))
        seen: list[tuple[str, str]] = []
        async with followed(cluster) as source:
            source.source.listen(lambda kind, key, _: seen.append((kind.kind, key)))
            await source.after()
            by_us = {"manager": "straightway", "subresource": "status", "time": "now"}
            written = changed(ROUTES, managedFields=[by_user, by_us])
            cluster.write({**written, "status": {"conditions": []}})
            assert await source.after() == []
            assert seen == [("VirtualService", "default/routes")] * 2

    run(story())


@pytest.mark.parametrize("kind", sorted(each.kind for each in RESOURCES))
def test_keys_of_kinds_differ(kind: str):
    assert [str(each) for each in RESOURCES].count(
        str(next(each for each in RESOURCES if each.kind == kind))
    ) == 1
