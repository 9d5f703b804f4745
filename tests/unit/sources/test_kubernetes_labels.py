"""The Kubernetes source keeps changes of labels and annotations to itself that nobody reads."""

from __future__ import annotations

from typing import Any

from straightway.documents import Bundle
from tests.support.fake_cluster import FakeCluster
from tests.support.followed_cluster import followed
from tests.support.objects import service, virtual_service, workload_entry
from tests.support.virtual_time import run

KEY = "pods/shop/runtime"


def pod(name: str = "runtime", *, ip: str = "10.0.0.1", beat: int = 0, **labels: str) -> Any:
    metadata = {"name": name, "namespace": "shop", "labels": {"app": "shop", **labels}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**metadata, "annotations": {"example.com/beat": str(beat)}},
        "spec": {"containers": [{}]},
        "status": {"podIP": ip},
    }


def bodies(bundles: list[Bundle]) -> list[Any]:
    return [document.body for bundle in bundles for document in bundle.documents]


def test_a_heartbeat_is_not_emitted_and_still_seen():
    async def story():
        cluster = FakeCluster()
        cluster.write(pod())
        async with followed(cluster) as source:
            seen: list[tuple[str, str]] = []
            source.source.listen(lambda resource, key, _: seen.append((resource.kind, key)))
            await source.after()
            await source.source.count_labels(["app"])
            seen.clear()
            for beat in range(1, 4):
                cluster.write(pod(beat=beat))
            assert await source.after() == []
            assert seen == [("Pod", "shop/runtime")] * 3

    run(story())


def test_the_newest_version_is_emitted_before_a_name_counts():
    async def story():
        cluster = FakeCluster()
        cluster.write(pod())
        cluster.write(pod("other"))
        async with followed(cluster) as source:
            await source.after()
            await source.source.count_labels(["app"])
            cluster.write(pod(role="leader"))
            cluster.write(pod(role="follower"))
            cluster.write(pod("other", beat=1))
            assert await source.after() == []
            before = len(source.updates)
            await source.source.count_labels(["app", "role"])
            [update] = source.updates[before:]
            [bundle] = update.bundles
            assert update.synced
            assert bundle.key == KEY
            [document] = bundle.documents
            assert document.body == pod(role="follower")
            # The version of the document is that of its text.
            assert document.origin.at() == "Pod/shop/runtime@104"
            assert not document.is_durable
            cluster.write(pod(role="leader"))
            assert bodies(await source.after()) == [pod(role="leader")]
            # And no longer, once nobody names it.
            await source.source.count_labels(["app"])
            cluster.write(pod(role="follower"))
            assert await source.after() == []

    run(story())


def test_many_quiet_versions_are_all_emitted():
    async def story():
        cluster = FakeCluster()
        names = [f"runtime-{number}" for number in range(600)]
        for name in names:
            cluster.write(pod(name))
        async with followed(cluster) as source:
            await source.after()
            await source.source.count_labels(["app"])
            for name in names:
                cluster.write(pod(name, role="leader"))
            assert await source.after() == []
            before = len(source.updates)
            await source.source.count_labels(["role"])
            emitted = [each for update in source.updates[before:] for each in update.bundles]
            assert bodies(emitted) == [pod(name, role="leader") for name in names]

    run(story())


def test_news_has_what_was_quiet_before():
    async def story():
        cluster = FakeCluster()
        cluster.write(pod())
        async with followed(cluster) as source:
            await source.after()
            await source.source.count_labels(["app"])
            cluster.write(pod(beat=1, role="leader"))
            cluster.write(pod(beat=1, role="leader", ip="10.0.0.2"))
            assert bodies(await source.after()) == [pod(beat=1, role="leader", ip="10.0.0.2")]

    run(story())


def test_a_pod_of_the_same_name_is_another_one():
    async def story():
        cluster = FakeCluster()
        cluster.write(pod())
        async with followed(cluster) as source:
            await source.after()
            await source.source.count_labels(["app"])
            cluster.write(pod(beat=1))
            cluster.delete(pod())
            cluster.write(pod(beat=2))
            assert bodies(await source.after()) == [pod(beat=2)]
            cluster.delete(pod())
            await source.after()
            await source.source.count_labels(["app", "example.com/beat"])
            assert source.objects == set()

    run(story())


def test_what_changed_while_nobody_watched_is_compared_too():
    async def story():
        cluster = FakeCluster()
        cluster.write(pod())
        cluster.write(pod("other"))
        async with followed(cluster) as source:
            await source.after()
            await source.source.count_labels(["app"])
            cluster.write(pod(beat=1))
            await source.after()
            cluster.expire()
            cluster.write(pod(beat=2))
            cluster.write(pod("other", app="home"))
            assert bodies(await source.after(60)) == [pod("other", app="home")]
            await source.source.count_labels(["example.com/beat"])
            assert source.taken[KEY].documents[0].body == pod(beat=2)

    run(story())


def test_a_workload_entry_that_is_for_another_revision_is_gone_with_its_quiet_version():
    def vm(**labels: str) -> Any:
        body = workload_entry("vm", "shop", labels={"app": "shop"}, ports={})
        return {**body, "metadata": {**body["metadata"], "labels": labels}}

    async def story():
        cluster = FakeCluster()
        cluster.write(vm())
        async with followed(cluster, revision="blue") as source:
            await source.after()
            await source.source.count_labels(["app"])
            cluster.write(vm(note="1"))
            assert await source.after() == []
            cluster.write(vm(**{"istio.io/rev": "green"}))
            await source.after()
            await source.source.count_labels(["app", "note"])
            assert source.objects == set()
            cluster.write(vm(note="2"))
            assert bodies(await source.after()) == [vm(note="2")]

    run(story())


def test_labels_and_annotations_of_config_are_read_by_nobody_but_ours():
    async def story():
        routes = virtual_service("routes", "shop", [])
        shop = service("shop", "shop", selector={"app": "shop"}, ports={"http": 80})
        cluster = FakeCluster()
        cluster.write(routes)
        cluster.write(shop)
        async with followed(cluster) as source:
            await source.after()
            for body in (routes, shop):
                metadata = {**body["metadata"], "labels": {"team": "a"}}
                cluster.write({**body, "metadata": {**metadata, "annotations": {"sync": "1"}}})
            assert await source.after() == []
            ours = {"straightway.dev/dynamic-subset-keys": "[]"}
            metadata = {**routes["metadata"], "annotations": ours}
            cluster.write({**routes, "metadata": metadata})
            assert len(await source.after()) == 1

    run(story())
