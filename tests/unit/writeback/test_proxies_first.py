"""A leader that starts: connected proxies come first, status after them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

import pytest
import yaml

from straightway.discovery import CLUSTER, LISTENER, ClientState, Delivery, Sent, Variant
from straightway.documents import Bundle, Document, ProblemStore
from straightway.writeback import Leader, Times, Writeback
from straightway.writeback.writeback import PROXIES_FIRST
from tests.support import virtual_time
from tests.support.configs import PathOrigin, istio
from tests.support.control import FRONTS, Desk, running
from tests.support.fake_api import FakeApi

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PATH = "/apis/networking.istio.io/v1/namespaces/default/gateways/gw"
SERVER = "{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}"
GATEWAY = yaml.safe_load(istio("Gateway", "gw", f"{{selector: {{a: b}}, servers: [{SERVER}]}}"))


class Proxy:
    """A proxy that has been sent clusters, and perhaps listeners."""

    def __init__(self, *asked: str) -> None:
        self.client = ClientState("one", "", FRONTS, Variant.DELTA, "peer")
        self.rejects = False
        for number, type_url in enumerate(asked, 1):
            self.client.of_type(type_url).sent = Sent("v", format(number, "x"), NOW)

    def accept(self) -> None:
        for state in self.client.types.values():
            state.acked = state.sent

    def deliveries(self) -> list[Delivery]:
        return [Delivery(self.client, is_sent=True, rejects=self.rejects, has_routes=False)]


@asynccontextmanager
async def leading(proxy: Proxy) -> AsyncIterator[FakeApi]:
    """Have a leader of a cluster with a Gateway; a second passes before."""
    api, problems = FakeApi(), ProblemStore()
    api.create(PATH, apiVersion=GATEWAY["apiVersion"], kind="Gateway")
    leader = Leader(api, "me", "here", times=Times(), jitter=lambda: 0.5)
    back = Writeback(api, leader, problems, source="cluster")
    desk = Desk(["cluster"], wanted=(FRONTS,), listener=back, problems=problems)
    async with running(desk):
        desk.apply(Bundle(PATH, (Document(GATEWAY, PathOrigin(PATH)),)), source="cluster")
        tasks = [
            asyncio.create_task(leader.run()),
            asyncio.create_task(back.run(desk.control, proxy)),
        ]
        try:
            await asyncio.sleep(5)
            yield api
        finally:
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task


async def says_something(proxy: Proxy, *, after: float) -> bool:
    async with leading(proxy) as api:
        await asyncio.sleep(after)
        return bool(api.conditions(PATH))


def test_nothing_is_written_before_a_proxy_has_accepted_what_it_was_sent():
    async def main():
        proxy = Proxy(CLUSTER, LISTENER)
        async with leading(proxy) as api:
            assert not api.conditions(PATH)
            proxy.accept()
            await asyncio.sleep(3)
            assert api.conditions(PATH)

    virtual_time.run(main())


def test_a_proxy_that_has_asked_for_clusters_alone_will_ask_for_more():
    async def main():
        proxy = Proxy(CLUSTER)
        proxy.accept()
        assert not await says_something(proxy, after=0)

    virtual_time.run(main())


@pytest.mark.parametrize("asked", [(CLUSTER,), (CLUSTER, LISTENER)])
def test_a_slow_proxy_is_not_waited_for_long(asked):
    async def main():
        assert await says_something(Proxy(*asked), after=PROXIES_FIRST)

    virtual_time.run(main())


def test_a_proxy_that_rejects_something_is_not_waited_for():
    async def main():
        proxy = Proxy(CLUSTER, LISTENER)
        proxy.rejects = True
        assert await says_something(proxy, after=0)

    virtual_time.run(main())
