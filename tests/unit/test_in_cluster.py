"""The work of a replica in its cluster: a mistake of ours in one part costs no other."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from straightway.certificates.publishing import AuthorityPublisher
from straightway.cluster import Cluster
from straightway.discovery import DiscoveryServer
from straightway.documents import ProblemStore
from straightway.in_cluster import InCluster
from straightway.kubernetes import Client
from straightway.sources.kubernetes import KubernetesSource
from straightway.webhooks import CaBundles
from straightway.writeback import Leader, Writeback
from tests.support import virtual_time
from tests.support.control import Desk, running
from tests.support.fake_api import FakeApi
from tests.support.mistakes import OurMistakeError, errors

LEASE = "/leases/straightway-leader"
CONFIG_MAP = "/configmaps/straightway-ca"
WEBHOOKS = "webhookconfigurations/straightway-home"


class Api(FakeApi):
    namespace = "home"


class NoProxies:
    def deliveries(self) -> list[Any]:
        return []


def replica(api: Api, problems: ProblemStore) -> InCluster:
    client, cluster = cast("Client", api), Cluster(namespaces=("shop",), write_status=True)
    source = KubernetesSource(client, namespaces=cluster.namespaces)
    return InCluster(
        client, cluster, source, problems, keeps_certificate=True, answers_webhooks=True
    )


async def work(api: Api, seconds: float) -> InCluster:
    """Work for some time; fails if anything ends before."""
    problems = ProblemStore()
    found = replica(api, problems)
    desk = Desk(["kubernetes"], wanted=(), problems=problems, listener=found.writeback)
    async with running(desk):
        desk.apply(source="kubernetes")
        found.publish(b"CA")
        discovery = cast("DiscoveryServer", NoProxies())
        tasks = [asyncio.create_task(each) for each in found.work(desk.control, discovery)]
        try:
            await asyncio.sleep(seconds)
            assert not any(each.done() for each in tasks)
            assert found.is_leading()
        finally:
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
    return found


@pytest.mark.parametrize(
    ("part", "method"),
    [
        (Leader, "_attempt"),
        (Writeback, "_load"),
        (Writeback, "_wait"),
        (AuthorityPublisher, "write_due"),
        (CaBundles, "_succeeds"),
    ],
)
def test_a_mistake_in_one_part_ends_no_other_and_it_begins_anew(
    monkeypatch: pytest.MonkeyPatch, part: type, method: str
):
    right = getattr(part, method)
    mistakes = iter(range(3))

    async def mistaken(*args: Any) -> Any:
        if next(mistakes, None) is not None:
            raise OurMistakeError
        return await right(*args)

    monkeypatch.setattr(part, method, mistaken)
    api = Api()
    with capture_logs() as lines:
        virtual_time.run(work(api, 100))
    assert len(errors(lines)) == 3
    assert next(mistakes, None) is None
    assert api.count("GET", WEBHOOKS) > 1
    assert api.count("PATCH", CONFIG_MAP) >= 1
    assert api.count("PUT", LEASE) > 10


@pytest.mark.parametrize("answer", [None, {}, {"metadata": {}}, [], {"webhooks": [{}]}])
def test_an_answer_that_makes_no_sense_ends_nothing(answer: Any):
    class Senseless(Api):
        async def request(self, method: str, path: str, **more: Any) -> Any:
            found = await super().request(method, path, **more)
            return found if "/leases" in path else answer

        def _patch(self, *_: Any) -> Any:
            return {}

    with capture_logs():
        virtual_time.run(work(Senseless(), 100))


def test_all_ends_within_seconds_while_the_api_server_is_silent():
    api = Api()

    async def main() -> float:
        clock = asyncio.get_running_loop().time
        ending = asyncio.create_task(work(api, 100))
        await asyncio.sleep(99)
        api.latency = 3600.0
        await asyncio.sleep(1.5)
        started = clock()
        await ending
        return clock() - started

    assert virtual_time.run(main()) < 3
