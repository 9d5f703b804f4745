"""Namespaces that are named and not there: told once, and when they come."""

from __future__ import annotations

import pytest

from straightway.documents import Problem
from tests.support.fake_cluster import FakeCluster
from tests.support.followed_cluster import FollowedCluster, followed
from tests.support.objects import namespace_named, virtual_service
from tests.support.virtual_time import run


def missing(source: FollowedCluster) -> list[Problem]:
    return list(source.taken["kubernetes:namespaces"].problems)


def test_one_that_is_not_there_is_a_problem_until_it_is():
    async def story():
        cluster = FakeCluster()
        cluster.write(namespace_named("shop"))
        async with followed(cluster, namespaces=["shop", "modles", "shopp"]) as source:
            await source.after()
            assert [(each.origin, each.code) for each in missing(source)] == [
                ("--namespace modles", "unknown-namespace"),
                ("--namespace shopp", "unknown-namespace"),
            ]
            assert source.is_synced
            assert await source.after(600) == []

            cluster.write(namespace_named("modles"))
            cluster.write(virtual_service("routes", "modles", []))
            await source.after(1)
            assert [each.origin for each in missing(source)] == ["--namespace shopp"]
            assert source.objects == {"virtualservices.networking.istio.io/modles/routes"}

            cluster.write(namespace_named("shopp"))
            await source.after(1)
            assert source.problems == []

    run(story())


def test_one_that_is_deleted_is_a_problem_too():
    async def story():
        cluster = FakeCluster()
        cluster.write(namespace_named("shop"))
        async with followed(cluster, namespaces=["shop"]) as source:
            await source.after()
            assert source.problems == []
            cluster.delete(namespace_named("shop"))
            await source.after(1)
            assert source.problems == ["unknown-namespace"]

    run(story())


@pytest.mark.parametrize("named", [[], ["shop", "models"]])
def test_those_that_are_there_are_no_problem_and_whoever_names_none_reads_none(named: list[str]):
    async def story():
        cluster = FakeCluster()
        for name in ("shop", "models", "another"):
            cluster.write(namespace_named(name))
        async with followed(cluster, namespaces=named) as source:
            await source.after()
            assert source.problems == []
            assert ("/api/v1/namespaces" in cluster.requests) == bool(named)

    run(story())


def test_whoever_may_not_read_namespaces_says_nothing_of_them():
    async def story():
        cluster = FakeCluster()
        cluster.forbidden.add("namespaces")
        async with followed(cluster, namespaces=["shop"]) as source:
            await source.after(600)
            assert (source.is_synced, source.problems) == (True, [])

            cluster.forbidden.clear()
            await source.after()
            assert source.problems == ["unknown-namespace"]
            cluster.forbidden.add("namespaces")
            cluster.cut()
            await source.after()
            assert source.problems == []

    run(story())


def test_nothing_is_said_of_them_while_the_api_server_is_away():
    async def story():
        cluster = FakeCluster()
        cluster.write(namespace_named("shop"))
        async with followed(cluster, namespaces=["shop"]) as source:
            await source.after()
            cluster.go_away()
            await source.after(600)
            assert source.problems == ["api-server-unreachable"]

    run(story())
