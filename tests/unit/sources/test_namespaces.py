"""Following the namespaces of a cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextlib import suppress

from structlog.testing import capture_logs

from straightway.sources.namespaces import follow_namespaces
from tests.support.fake_cluster import FakeCluster
from tests.support.virtual_time import run


def _ignore(_: Collection[str]) -> None:
    pass


def test_namespaces_that_may_not_be_read_are_said_once_each_time():
    async def story():
        cluster = FakeCluster()
        cluster.forbidden.add("namespaces")
        task = asyncio.create_task(follow_namespaces(cluster.as_client(), _ignore, _ignore))
        try:
            await asyncio.sleep(600)
            assert len(log_lines) == 1
            cluster.forbidden.clear()
            await asyncio.sleep(60)
            cluster.forbidden.add("namespaces")
            cluster.cut()
            await asyncio.sleep(600)
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    with capture_logs() as log_lines:
        run(story())
    assert len(log_lines) == 2
    for line in log_lines:
        assert line["log_level"] == "warning"
        assert "you cannot list namespaces" in line["reason"]
        assert "list and watch on namespaces" in line["remedy"]
