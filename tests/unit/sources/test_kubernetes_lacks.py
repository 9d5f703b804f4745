"""The Kubernetes source when kinds are forbidden, or not installed."""

from __future__ import annotations

from structlog.testing import capture_logs

from tests.support.fake_cluster import FakeCluster
from tests.support.followed_cluster import codes, followed
from tests.support.objects import namespace_named, service, virtual_service
from tests.support.virtual_time import run

SHOP = service("shop", "default", selector={"app": "shop"}, ports={"http": 80})
ROUTES = virtual_service("routes", "default", [])
SLICE = {
    "apiVersion": "discovery.k8s.io/v1",
    "kind": "EndpointSlice",
    "metadata": {"name": "shop-1", "namespace": "default"},
    "addressType": "IPv4",
    "endpoints": [],
}
KIND = "virtualservices.networking.istio.io"
KEY = f"{KIND}/default/routes"


def test_a_forbidden_kind_is_a_problem_and_the_rest_is_served():
    async def story():
        cluster = FakeCluster()
        cluster.write(SHOP)
        cluster.write(ROUTES)
        cluster.forbidden.add("virtualservices")
        async with followed(cluster) as source:
            await source.after(4)
            assert not source.is_synced
            assert source.problems == []
            await source.after()
            assert source.is_synced
            assert source.objects == {"services/default/shop"}
            [problem] = source.taken[f"kind:{KIND}"].problems
            assert (problem.code, problem.is_error) == ("kind-forbidden", False)
            assert "you cannot list virtualservices" in problem.message
            assert "verbs list and watch" in problem.message
            assert await source.after(600) == []

            cluster.forbidden.clear()
            await source.after()
            assert source.problems == []
            assert source.objects == {"services/default/shop", KEY}

    run(story())


def test_a_kind_that_becomes_forbidden_keeps_its_objects():
    async def story():
        cluster = FakeCluster()
        cluster.write(ROUTES)
        async with followed(cluster) as source:
            await source.after()
            cluster.forbidden.add("virtualservices")
            cluster.cut()
            bundles = await source.after(600)
            assert codes(bundles) == ["kind-forbidden"]
            assert source.objects == {KEY}

            cluster.delete_unseen(ROUTES)
            cluster.forbidden.clear()
            await source.after()
            assert (source.objects, source.problems) == (set(), [])

    run(story())


def test_a_server_that_has_just_started_may_forbid_everything_for_a_moment():
    async def story():
        cluster = FakeCluster()
        cluster.write(ROUTES)
        async with followed(cluster) as source:
            await source.after()
            cluster.forbidden.add("virtualservices")
            cluster.installed.discard("istio.alibabacloud.com")
            cluster.cut()
            with capture_logs() as logs:
                await source.after(3)
                cluster.forbidden.clear()
                cluster.installed.update(FakeCluster().installed)
                await source.after()
            assert logs == []
            assert source.problems == []
            assert source.objects == {KEY}

    run(story())


def test_of_a_forbidden_kind_what_an_earlier_run_read_stays_until_it_is_known_better():
    async def story():
        cluster = FakeCluster()
        cluster.forbidden.add("virtualservices")
        cluster.write(ROUTES)
        gone = f"{KIND}/default/gone"
        earlier = [KEY, gone, "gateways.networking.istio.io/default/entry"]
        async with followed(cluster, earlier=earlier) as source:
            await source.after()
            assert source.is_synced
            held = {key for key, bundle in source.taken.items() if not bundle.complete}
            assert held == {KEY, gone}

            cluster.forbidden.clear()
            await source.after()
            assert source.objects == {KEY}
            assert all(bundle.complete for bundle in source.taken.values())

    run(story())


def test_a_kind_that_is_forbidden_in_one_namespace_holds_only_what_is_there():
    async def story():
        cluster = FakeCluster()
        cluster.forbidden.add("a/virtualservices")
        cluster.write(namespace_named("a"))
        cluster.write(namespace_named("b"))
        earlier = [f"{KIND}/a/routes", f"{KIND}/b/routes"]
        async with followed(cluster, namespaces=["a", "b"], earlier=earlier) as source:
            await source.after()
            held = {key for key, bundle in source.taken.items() if not bundle.complete}
            assert held == {f"{KIND}/a/routes"}
            assert source.problems == ["kind-forbidden"]

    run(story())


def test_a_kind_that_is_not_installed_has_no_objects_until_it_is():
    async def story():
        cluster = FakeCluster()
        cluster.installed.discard("networking.istio.io")
        async with followed(cluster) as source:
            with capture_logs() as logs:
                await source.after(600)
            assert source.is_synced
            assert source.problems == []
            assert [log["event"] for log in logs] == ["kind not installed"] * 5

            cluster.installed.add("networking.istio.io")
            cluster.write(ROUTES)
            await source.after(15)
            assert source.objects == {KEY}

    run(story())


def test_a_kind_that_is_not_installed_is_told_once_for_all_namespaces_and_so_is_that_it_is():
    async def story():
        cluster = FakeCluster()
        cluster.write(namespace_named("a"))
        cluster.write(namespace_named("b"))
        group = "istio.alibabacloud.com"
        kind = f"asmgrpcjsontranscoders.{group}"
        cluster.installed.discard(group)
        with capture_logs() as logs:
            async with followed(cluster, namespaces=["a", "b"]) as source:
                await source.after(600)
                cluster.installed.add(group)
                await source.after(60)
                cluster.installed.discard(group)
                cluster.cut()
                await source.after(60)
        told = [(log["event"], log["kind"]) for log in logs]
        gone, there = ("kind not installed", kind), ("kind installed", kind)
        assert told == [gone, there, gone]

    run(story())


def test_a_kind_that_is_uninstalled_loses_its_objects_after_a_while():
    async def story():
        cluster = FakeCluster()
        cluster.write(ROUTES)
        async with followed(cluster) as source:
            await source.after()
            cluster.installed.discard("networking.istio.io")
            cluster.cut()
            await source.after(50)
            assert source.objects == {KEY}
            await source.after()
            assert source.objects == set()

    run(story())


def test_a_server_without_kubernetes_own_kinds_is_none():
    async def story():
        cluster = FakeCluster()
        cluster.write(SLICE)
        async with followed(cluster) as source:
            await source.after()
            # As a proxy whose backend is away may answer.
            cluster.installed.clear()
            cluster.cut()
            await source.after(600)
            assert source.problems == ["api-server-unreachable"]
            assert source.objects == {"endpointslices.discovery.k8s.io/default/shop-1"}

    run(story())
