"""From what runtimes answer to what proxies are sent: many changes are one push."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress

from straightway.discovery import CLUSTER_LOAD_ASSIGNMENT
from straightway.documents import Reference
from straightway.holdings.holdings import Holdings
from straightway.holdings.pools import Target
from tests.support.configs import bundle, entry, istio, service
from tests.support.control import ASSIGNMENT, synced
from tests.support.holdings import Runtimes, lists, pool
from tests.support.virtual_time import run

RUNTIMES = 100
SUBSETS = istio(
    "DestinationRule",
    "web",
    """
    host: web
    trafficPolicy: {loadBalancer: {dynamicSubset: {subsetSelectors: [{keys: [model]}]}}}
    """,
)


def names() -> list[str]:
    return [f"runtime-{number:03}" for number in range(RUNTIMES)]


def members() -> tuple[Target, ...]:
    return tuple(
        Target(
            Reference("networking.istio.io", "WorkloadEntry", "default", name),
            f"10.0.0.{number}",
            8000,
        )
        for number, name in enumerate(names(), 1)
    )


def test_a_hundred_runtimes_that_change_at_once_are_one_push():
    async def story() -> None:
        files = [bundle(SUBSETS, "rules.yaml")] + [
            bundle(entry(name, {"app": "web"}, f"10.0.0.{number}"), f"{name}.yaml")
            for number, name in enumerate(names(), 1)
        ]
        web = bundle(service("web", "{name: http, port: 80}"), "web.yaml")
        async with synced(web, *files) as desk:
            runtimes = Runtimes()
            holdings = Holdings(desk.control.observe, runtimes.make, chance=random.Random(1))
            holdings.follow([pool(*members(), interval=10.0)])
            asking = asyncio.create_task(holdings.run())
            await asyncio.sleep(50)
            assert desk.body(CLUSTER_LOAD_ASSIGNMENT, ASSIGNMENT).count(b"model") == RUNTIMES
            desk.times.clear()
            for name in names():
                runtimes.says[name] = lists("another")
            await asyncio.sleep(50)
            assert desk.body(CLUSTER_LOAD_ASSIGNMENT, ASSIGNMENT).count(b"another") == RUNTIMES
            assert len(desk.times) == 1
            asking.cancel()
            with suppress(asyncio.CancelledError):
                await asking

    run(story())
