"""Namespaces: which there are, come and go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from straightway.sources.namespaces import follow_namespaces
from tests.support.fake_cluster import FakeCluster
from tests.support.objects import namespace_named
from tests.support.virtual_time import run


class Known:
    """The namespaces that are believed to be there."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def came(self, names: Collection[str]) -> None:
        self.names |= set(names)

    def went(self, names: Collection[str]) -> None:
        self.names -= set(names)


@asynccontextmanager
async def followed(cluster: FakeCluster) -> AsyncIterator[Known]:
    known = Known()
    task = asyncio.create_task(follow_namespaces(cluster.as_client(), known.came, known.went))
    try:
        await asyncio.sleep(30)
        yield known
    finally:
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()


def test_they_are_told_as_they_come_and_go():
    async def story():
        cluster = FakeCluster()
        cluster.write(namespace_named("shop"))
        async with followed(cluster) as known:
            assert known.names == {"shop"}
            cluster.write(namespace_named("models"))
            await asyncio.sleep(1)
            assert known.names == {"shop", "models"}
            cluster.delete(namespace_named("shop"))
            await asyncio.sleep(1)
            assert known.names == {"models"}

    run(story())


def test_nothing_is_told_while_the_api_server_is_away():
    async def story():
        cluster = FakeCluster()
        cluster.write(namespace_named("shop"))
        cluster.write(namespace_named("models"))
        async with followed(cluster) as known:
            cluster.go_away()
            cluster.delete_unseen(namespace_named("shop"))
            await asyncio.sleep(60)
            assert known.names == {"shop", "models"}
            cluster.come_back()
            await asyncio.sleep(60)
            cluster.expire()
            await asyncio.sleep(60)
            assert known.names == {"models"}

    run(story())


def test_whoever_may_not_read_them_learns_of_none_until_it_may():
    async def story():
        cluster = FakeCluster()
        cluster.write(namespace_named("shop"))
        cluster.forbidden.add("namespaces")
        async with followed(cluster) as known:
            assert known.names == set()
            cluster.forbidden.clear()
            await asyncio.sleep(30)
            assert known.names == {"shop"}

    run(story())
