"""The Kubernetes source when the API server is away, refuses, or ends every watch."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from straightway.kubernetes import ApiError
from straightway.sources.outage import SAY_AGAIN
from tests.support.fake_cluster import FakeCluster
from tests.support.followed_cluster import followed
from tests.support.objects import service, virtual_service
from tests.support.virtual_time import run

SHOP = service("shop", "default", selector={"app": "shop"}, ports={"http": 80})
ROUTES = virtual_service("routes", "default", [])
KEY = "virtualservices.networking.istio.io/default/routes"


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


def test_the_reason_is_said_again_when_it_changes_but_not_at_every_attempt():
    async def story():
        cluster = FakeCluster()
        cluster.write(ROUTES)
        async with followed(cluster) as source:
            await source.after()
            cluster.go_away()
            assert len(await source.after(600)) == 1
            cluster.come_back()
            cluster.refusal = ApiError(401, "Unauthorized", "who are you")
            [bundle] = await source.after(600)
            assert "does not accept the credentials" in bundle.problems[0].message

            # Reasons that alternate are told twice a minute.
            told = 0
            for number in range(600):
                cluster.refusal = ApiError(503, "ServiceUnavailable", f"no leader, try {number}")
                told += len(await source.after(1))
            assert 1 < told <= 600 / SAY_AGAIN

            cluster.refusal = None
            await source.after()
            assert source.problems == []

    run(story())


def test_whose_reason_is_said_goes_well_and_another_fails_then_that_one_is_said():
    async def story():
        cluster = FakeCluster()
        cluster.failing.update({"gateways", "pods"})
        async with followed(cluster) as source:
            await source.after(600)
            [said] = source.taken["kubernetes:api-server"].problems
            first, other = sorted(["gateways", "pods"], key=lambda each: each not in said.message)
            cluster.failing.remove(first)
            [bundle] = [each for each in await source.after(600) if each.problems]
            assert f"refuses to list {other}" in bundle.problems[0].message
            assert "nothing is served yet" in bundle.problems[0].message

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
