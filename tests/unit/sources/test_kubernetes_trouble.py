"""The Kubernetes source when kinds are lacking, and when the API server is away."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from straightway.kubernetes import ApiError
from tests.support.fake_cluster import FakeCluster
from tests.support.followed_cluster import codes, followed
from tests.support.mistakes import OurMistakeError, errors
from tests.support.objects import service, virtual_service
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


# Kinds that are lacking.


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


def test_an_object_that_cannot_be_read_stays_as_it_was():
    async def story():
        cluster = FakeCluster()
        cluster.write(SLICE)
        async with followed(cluster) as source:
            await source.after()
            with capture_logs() as logs:
                cluster.write({**SLICE, "endpoints": "none"})
                cluster.write(SHOP)
                cluster.expire()
                await source.after()
            assert {log["event"] for log in logs} == {"object not readable"}
            assert {log["key"] for log in logs} == {"default/shop-1"}
            key = "endpointslices.discovery.k8s.io/default/shop-1"
            assert source.objects == {key, "services/default/shop"}
            assert source.taken[key].documents[0].body == SLICE

    run(story())


# The API server is away.


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "does not accept the credentials (refused (401 Word)): they have expired"),
        (400, "refuses to list "),
        (503, "refuses to list "),
    ],
)
def test_a_server_that_refuses_is_not_said_to_be_silent(status: int, said: str):
    async def story():
        cluster = FakeCluster()
        cluster.refusal = ApiError(status, "Word", "refused")
        async with followed(cluster) as source:
            [bundle] = await source.after(600)
            [problem] = bundle.problems
            assert problem.code == "api-server-unreachable"
            assert f"The API server {said}" in problem.message
            assert "nothing is served yet" in problem.message

    run(story())


def test_while_the_server_is_away_everything_stays_and_it_is_said_once():
    async def story():
        cluster = FakeCluster()
        cluster.write(ROUTES)
        async with followed(cluster) as source:
            await source.after()
            cluster.go_away()
            with capture_logs() as logs:
                [bundle] = await source.after(600)
                [problem] = bundle.problems
                assert (problem.code, problem.is_error) == ("api-server-unreachable", False)
                assert problem.origin == cluster.server
                assert "connection refused" in problem.message
                assert "stays in force" in problem.message
                assert source.objects == {KEY}
                assert logs == []

                cluster.delete_unseen(ROUTES)
                cluster.write(SHOP)
                cluster.expire()
                cluster.come_back()
                await source.after()
            assert [log["event"] for log in logs] == ["API server answers again"]
            assert source.problems == []

    run(story())


def test_what_changed_while_the_server_was_away_is_found():
    async def story():
        cluster = FakeCluster()
        cluster.write(ROUTES)
        async with followed(cluster) as source:
            await source.after()
            cluster.go_away()
            await source.after(60)
            cluster.come_back()
            await source.after()
            cluster.delete_unseen(ROUTES)
            cluster.write(SHOP)
            cluster.expire()
            await source.after()
            assert source.objects == {"services/default/shop"}

    run(story())


def test_a_server_that_is_away_at_the_start_is_waited_for():
    async def story():
        cluster = FakeCluster()
        cluster.write(ROUTES)
        cluster.is_up = False
        async with followed(cluster, earlier=[KEY]) as source:
            await source.after(600)
            assert not source.is_synced
            assert source.problems == ["api-server-unreachable"]
            assert "nothing is served yet" in source.updates[-1].bundles[0].problems[0].message
            cluster.come_back()
            await source.after()
            assert source.is_synced
            assert source.problems == []
            assert source.objects == {KEY}

    run(story())


def test_watches_that_break_once_are_nothing_to_tell():
    async def story():
        cluster = FakeCluster()
        cluster.write(ROUTES)
        async with followed(cluster) as source:
            await source.after()
            with capture_logs() as logs:
                for _ in range(5):
                    cluster.cut()
                    assert await source.after(60) == []
            assert logs == []

    run(story())


def test_whoever_waits_asks_as_soon_as_one_has_an_answer():
    async def story():
        cluster = FakeCluster()
        async with followed(cluster) as source:
            await source.after()
            cluster.go_away()
            await source.after(600)
            cluster.come_back()
            # The waits are ten seconds by now, and spread.
            now = asyncio.get_running_loop().time
            deadline, before = now() + 13, len(cluster.requests)
            while len(cluster.requests) == before:
                assert now() < deadline
                await source.after(0.1)
            cluster.write(ROUTES)
            await source.after(1)
            assert source.problems == []
            assert source.objects == {KEY}

    run(story())


def test_one_kind_that_fails_is_one_problem_and_does_not_come_and_go():
    async def story():
        cluster = FakeCluster()
        cluster.write(ROUTES)
        cluster.failing.add("gateways")
        async with followed(cluster) as source:
            await source.after(60)
            assert not source.is_synced
            assert (
                "gateways.networking.istio.io"
                in source.taken["kubernetes:api-server"].problems[0].message
            )
            for _ in range(10):
                cluster.cut()
                assert await source.after(60) == []
            before = len(cluster.requests)
            await source.after(600)
            assert len(cluster.requests) - before < 100
            cluster.failing.clear()
            await source.after()
            assert source.is_synced
            assert source.problems == []

    run(story())


# What would never end.


@pytest.mark.parametrize("end", ["expire", "cut"])
def test_watches_that_end_again_and_again_are_no_hot_loop(end: str):
    async def story():
        cluster = FakeCluster()
        cluster.write(ROUTES)
        async with followed(cluster) as source:
            await source.after()
            before = len(cluster.requests)
            for _ in range(600):
                getattr(cluster, end)()
                await source.after(0.1)
            # A minute of trouble, in which nine kinds ask.
            assert len(cluster.requests) - before < 9 * 60
            await source.after()
            cluster.delete(ROUTES)
            await source.after()
            assert source.objects == set()

    run(story())


# Mistakes of ours.


def test_an_object_at_which_we_make_a_mistake_costs_no_other_and_is_taken_in_when_listed_again():
    async def story():
        cluster = FakeCluster()
        cluster.write(ROUTES)
        cluster.write(virtual_service("others", "default", []))
        async with followed(cluster) as source:
            follower = next(each for each in source.source._followers if str(each.resource) == KIND)
            right = follower._audience
            follower._audience = Mistaken(right)
            await source.after()
            assert source.is_synced
            assert source.objects == {f"{KIND}/default/others"}
            follower._audience = right
            cluster.write(SHOP)
            cluster.expire()
            cluster.cut()
            await source.after()
            assert KEY in source.objects

    with capture_logs() as lines:
        run(story())
    assert ("internal error, an object is left out", "") in errors(lines)


class Mistaken:
    """An audience that makes a mistake at one object."""

    def __init__(self, right):
        self._right = right

    def __getattr__(self, name):
        return getattr(self._right, name)

    def changed(self, follower, key, *rest, **more):
        if key == "default/routes":
            raise OurMistakeError
        self._right.changed(follower, key, *rest, **more)


def test_a_mistake_of_who_sees_objects_costs_no_config():
    async def story():
        cluster = FakeCluster()
        cluster.write(ROUTES)
        async with followed(cluster) as source:
            source.source.listen(mistaken)
            await source.after()
            assert source.objects == {KEY}

    def mistaken(*_):
        raise OurMistakeError

    with capture_logs():
        run(story())
