"""The Kubernetes source at work on a cluster in memory, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from straightway.documents import Bundle
from straightway.sources import Update
from straightway.sources.kubernetes import KubernetesSource
from tests.support.fake_cluster import FakeCluster


class FollowedCluster:
    """What the source has emitted; `taken` are the latest bundles."""

    def __init__(self, cluster: FakeCluster, **settings: Any) -> None:
        self.updates: list[Update] = []
        self.taken: dict[str, Bundle] = {}
        self.source = KubernetesSource(cluster.as_client(), **settings)
        self.task = asyncio.create_task(self.source.run(self._take))

    def _take(self, update: Update) -> None:
        self.updates.append(update)
        for bundle in update.bundles:
            self.taken[bundle.key] = bundle

    async def after(self, seconds: float = 30) -> list[Bundle]:
        """Let time go by; return what is emitted meanwhile."""
        before = len(self.updates)
        await asyncio.sleep(seconds)
        assert not self.task.done(), self.task
        return [bundle for update in self.updates[before:] for bundle in update.bundles]

    @property
    def is_synced(self) -> bool:
        return bool(self.updates) and self.updates[-1].synced

    @property
    def objects(self) -> set[str]:
        """The keys of what is there."""
        return {key for key, bundle in self.taken.items() if bundle.documents}

    @property
    def problems(self) -> list[str]:
        """The codes of all problems."""
        return codes(self.taken.values())


def codes(bundles: Iterable[Bundle]) -> list[str]:
    return [problem.code for bundle in bundles for problem in bundle.problems]


@asynccontextmanager
async def followed(cluster: FakeCluster, **settings: Any) -> AsyncIterator[FollowedCluster]:
    """Follow a cluster; settings are those of the source."""
    at_work = FollowedCluster(cluster, **settings)
    try:
        yield at_work
    finally:
        at_work.task.cancel()
        await asyncio.wait([at_work.task])
        assert at_work.task.cancelled()
        assert len(asyncio.all_tasks()) == 1, "nothing is left running"
