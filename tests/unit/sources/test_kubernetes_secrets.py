"""Secrets of a cluster: those that are wanted are followed one by one, and no others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from straightway.sources import secrets
from straightway.sources.secrets import SecretName
from tests.support.fake_cluster import FakeCluster
from tests.support.followed_cluster import FollowedCluster, followed
from tests.support.secrets import secret
from tests.support.virtual_time import run

SHOP = secret("shop", {"tls.crt": b"certificate", "tls.key": b"key"})
OTHER = secret("other", {"tls.crt": b"certificate", "tls.key": b"key"})
NAME = SecretName("default", "shop")
SECOND = SecretName("default", "other")
KEY = "secrets/default/shop"


class WithSecrets:
    """A followed cluster, and what is said of the Secrets that are wanted."""

    def __init__(self, cluster: FollowedCluster) -> None:
        self.cluster = cluster
        self.said: list[tuple[SecretName, bool | None]] = []
        self.known_then: list[set[str]] = []
        cluster.source.listen_for_secrets(self._found)

    def _found(self, name: SecretName, is_there: bool | None) -> None:
        self.said.append((name, is_there))
        self.known_then.append(self.cluster.objects)

    def want(self, *names: SecretName) -> None:
        self.cluster.source.want_secrets(names)


@asynccontextmanager
async def at_work(cluster: FakeCluster) -> AsyncIterator[WithSecrets]:
    async with followed(cluster) as found:
        yield WithSecrets(found)


def requests_for_secrets(cluster: FakeCluster) -> int:
    return sum(path.endswith("/secrets") for path in cluster.requests)


def test_no_secret_is_read_that_nobody_wants():
    async def story():
        cluster = FakeCluster()
        cluster.write(SHOP)
        async with at_work(cluster) as found:
            await found.cluster.after()
            assert found.cluster.is_synced
            assert found.cluster.objects == set()
            assert requests_for_secrets(cluster) == 0

    run(story())


def test_one_that_is_wanted_is_followed_and_it_alone():
    async def story():
        cluster = FakeCluster()
        cluster.write(SHOP)
        cluster.write(OTHER)
        async with at_work(cluster) as found:
            await found.cluster.after()
            found.want(NAME)
            [bundle] = await found.cluster.after()
            assert bundle.key == KEY
            [document] = bundle.documents
            assert not document.is_durable
            assert document.origin.at() == "Secret/default/shop@101"
            cluster.write(secret("shop", {"tls.crt": b"new", "tls.key": b"new"}))
            cluster.write(secret("other", {"tls.crt": b"new", "tls.key": b"new"}))
            assert [bundle.key for bundle in await found.cluster.after()] == [KEY]
            cluster.delete(SHOP)
            [bundle] = await found.cluster.after()
            assert (bundle.key, bundle.documents) == (KEY, ())
            assert found.said == [(NAME, True), (NAME, False)]
            assert requests_for_secrets(cluster) == 1

    run(story())


def test_it_may_be_wanted_before_anything_is_read_and_nothing_waits_for_it():
    async def story():
        cluster = FakeCluster()
        cluster.failing.add("secrets")
        async with at_work(cluster) as found:
            found.want(NAME)
            await found.cluster.after()
            assert found.cluster.is_synced
            cluster.failing.clear()
            cluster.write(SHOP)
            await found.cluster.after()
            assert found.cluster.objects == {KEY}

    run(story())


def test_whether_it_is_there_is_said_after_what_it_is():
    async def story():
        cluster = FakeCluster()
        cluster.write(SHOP)
        async with at_work(cluster) as found:
            await found.cluster.after()
            found.want(NAME, SECOND)
            await found.cluster.after()
            assert sorted(found.said) == [(SECOND, False), (NAME, True)]
            assert all(KEY in known for known in found.known_then)

    run(story())


def test_a_version_with_the_same_entries_is_not_emitted():
    async def story():
        cluster = FakeCluster()
        cluster.write(SHOP)
        async with at_work(cluster) as found:
            found.want(NAME)
            await found.cluster.after()
            cluster.write({**SHOP, "data": {**SHOP["data"], "password": "aHVudGVyMg=="}})
            cluster.write({**SHOP, "metadata": {**SHOP["metadata"], "annotations": {"a": "b"}}})
            cluster.expire()
            assert await found.cluster.after() == []

    run(story())


def test_one_that_is_no_longer_wanted_is_withdrawn_and_its_watch_ends():
    async def story():
        cluster = FakeCluster()
        cluster.write(SHOP)
        async with at_work(cluster) as found:
            await found.cluster.after()
            found.want(NAME)
            await found.cluster.after()
            tasks = len(asyncio.all_tasks())
            found.want()
            [bundle] = await found.cluster.after()
            assert (bundle.key, bundle.documents) == (KEY, ())
            assert len(asyncio.all_tasks()) == tasks - 1
            cluster.write({**SHOP, "data": {}})
            assert await found.cluster.after() == []
            assert found.said == [(NAME, True), (NAME, None)]
            found.want(NAME)
            [bundle] = await found.cluster.after()
            assert bundle.documents

    run(story())


def test_one_that_comes_and_goes_at_once_leaves_nothing():
    async def story():
        cluster = FakeCluster()
        cluster.write(SHOP)
        async with at_work(cluster) as found:
            await found.cluster.after()
            tasks = len(asyncio.all_tasks())
            for _ in range(10):
                found.want(NAME)
                await asyncio.sleep(0)
                found.want()
            await found.cluster.after()
            assert found.cluster.objects == set()
            assert len(asyncio.all_tasks()) == tasks

    run(story())


def test_one_that_may_not_be_read_is_a_problem_until_it_may_or_nobody_wants_it():
    async def story():
        cluster = FakeCluster()
        cluster.write(SHOP)
        cluster.forbidden.add("default/secrets/shop")
        async with at_work(cluster) as found:
            found.want(NAME, SECOND)
            await found.cluster.after()
            assert found.cluster.problems == ["secret-forbidden"]
            assert found.said == [(SECOND, False)]
            cluster.forbidden.clear()
            await found.cluster.after()
            assert found.cluster.problems == []
            assert found.cluster.objects == {KEY}
            cluster.forbidden.add("default/secrets/other")
            cluster.cut()
            await found.cluster.after()
            assert found.cluster.problems == ["secret-forbidden"]
            found.want(NAME)
            await found.cluster.after()
            assert found.cluster.problems == []

    run(story())


def test_a_failing_one_that_nobody_wants_any_more_is_no_trouble():
    async def story():
        cluster = FakeCluster()
        cluster.failing.add("secrets")
        async with at_work(cluster) as found:
            await found.cluster.after()
            found.want(NAME)
            await found.cluster.after()
            assert found.cluster.problems == ["api-server-unreachable"]
            found.want()
            await found.cluster.after()
            assert found.cluster.problems == []

    run(story())


def test_it_stays_while_the_api_server_is_away():
    async def story():
        cluster = FakeCluster()
        cluster.write(SHOP)
        async with at_work(cluster) as found:
            found.want(NAME)
            await found.cluster.after()
            cluster.go_away()
            await found.cluster.after(100)
            cluster.come_back()
            await found.cluster.after()
            assert found.cluster.objects == {KEY}
            assert found.said == [(NAME, True)]

    run(story())


def test_only_so_many_are_followed_and_the_others_are_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(secrets, "MOST", 2)

    async def story():
        cluster = FakeCluster()
        async with at_work(cluster) as found:
            await found.cluster.after()
            names = [SecretName("default", f"s{index}") for index in range(4)]
            found.want(*names)
            await found.cluster.after()
            assert [name for name, _ in found.said] == names[:2]
            assert found.cluster.problems == ["too-many-secrets"]
            found.want(*names[2:])
            await found.cluster.after()
            assert found.cluster.problems == []

    run(story())


def test_many_are_not_begun_at_once():
    async def story():
        cluster = FakeCluster()
        async with at_work(cluster) as found:
            await found.cluster.after()
            found.want(*(SecretName("default", f"s{index}") for index in range(200)))
            await found.cluster.after(0.5)
            assert 0 < requests_for_secrets(cluster) <= 52
            await found.cluster.after()
            assert len(found.said) == 200

    run(story())


@pytest.mark.parametrize("has_protobuf", [True, False])
def test_no_line_of_the_log_holds_what_cannot_be_decoded(has_protobuf):
    broken = {**SHOP, "data": {"tls.key": ["private", "parts"]}}

    async def story():
        cluster = FakeCluster()
        cluster.has_protobuf = has_protobuf
        cluster.write(broken)
        async with at_work(cluster) as found:
            found.want(NAME)
            await found.cluster.after()

    with capture_logs() as lines:
        run(story())
    assert [line["event"] for line in lines if line["log_level"] == "warning"] == [
        "object not readable"
    ]
    assert "private" not in str(lines)
