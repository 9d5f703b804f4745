"""Large changes are made piece by piece: endpoints, streams and all else go on meanwhile."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from straightway.control.pace import Breath
from straightway.discovery import CLUSTER, CLUSTER_LOAD_ASSIGNMENT
from straightway.documents import Bundle
from straightway.proxies.audience import Audience
from tests.support.configs import bundle, istio
from tests.support.control import (
    API,
    ASSIGNMENT,
    AUDIENCE,
    CONFIG,
    FRONTS,
    LONG,
    WEB,
    Desk,
    gateway_file,
    routes_file,
    running,
    service_file,
    synced,
    until,
    workload,
)
from tests.support.turns import Turns
from tests.support.virtual_time import run

NUMBER = 60  # more than the size from which on a change is large
GATEWAY = gateway_file("{tier: front}")


@pytest.fixture(autouse=True)
def _gives_way_after_every_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("straightway.control.loop.Breath", partial(Breath, 0.0))


def services() -> list[Bundle]:
    return [service_file(f"s{number}") for number in range(NUMBER)]


def routes(destination: str) -> list[Bundle]:
    return [routes_file(f"r{number}", f"h{number}.com", destination) for number in range(NUMBER)]


def rules() -> list[Bundle]:
    """A rule for each of the services."""
    policy = "trafficPolicy: {loadBalancer: {simple: RANDOM}}"
    return [
        bundle(
            istio("DestinationRule", f"s{number}", f"{{host: s{number}, {policy}}}"), f"r{number}"
        )
        for number in range(NUMBER)
    ]


def wildcard_rule() -> Bundle:
    """A rule of a gateway's namespace for all services: its routes are made anew, all of them."""
    spec = "{host: '*.svc.cluster.local', trafficPolicy: {loadBalancer: {simple: RANDOM}}}"
    return bundle(istio("DestinationRule", "everything", spec), "everything.yaml")


def test_other_tasks_run_between_the_pieces_of_the_first_load():
    async def scenario():
        async with running(Desk()) as desk:
            turns = Turns()
            desk.apply(*services())
            await desk.control.synced.wait()
            turns.stop()
            assert turns.count > NUMBER

    run(scenario())


@pytest.mark.parametrize(
    ("audience", "first", "change"),
    [
        (AUDIENCE, [WEB], services()),
        (AUDIENCE, services(), rules()),
        (FRONTS, [WEB, service_file("api"), gateway_file("{tier: front}")], routes("web")),
        (
            FRONTS,
            [WEB, service_file("api"), gateway_file("{tier: front}"), *routes("web")],
            routes("api"),
        ),
        (FRONTS, [WEB, GATEWAY, *routes("web")], [wildcard_rule()]),
    ],
    ids=[
        "new-services",
        "changed-rules",
        "new-routes",
        "changed-routes",
        "a-gateway's-own-rule",
    ],
)
def test_other_tasks_run_between_the_pieces_of_a_change(
    audience: Audience, first: list[Bundle], change: list[Bundle]
):
    async def scenario():
        async with synced(*first, desk=Desk(wanted=[audience])) as desk:
            await asyncio.sleep(LONG)
            before = desk.resources(audience)
            desk.apply(*change)
            await asyncio.sleep(CONFIG.quiet)
            turns = Turns()
            await until(lambda: desk.resources(audience) != before)
            turns.stop()
            assert turns.count > NUMBER

    run(scenario())


def test_a_change_of_endpoints_overtakes_one_of_config_that_is_being_made():
    async def scenario():
        async with synced(WEB, workload("10.0.0.1")) as desk:
            desk.apply(*services())
            await asyncio.sleep(CONFIG.quiet)
            for _ in range(5):
                await asyncio.sleep(0)
            assert desk.catalog.services == NUMBER + 1, "the change has not been begun"

            desk.apply(workload("10.0.0.2"))
            sent = asyncio.Event()
            desk.cache.watch(AUDIENCE, sent.set)
            await sent.wait()
            assert b"10.0.0.2" in desk.body(CLUSTER_LOAD_ASSIGNMENT, ASSIGNMENT)
            assert ASSIGNMENT.replace("web", "s0") not in desk.names(CLUSTER)

            await asyncio.sleep(LONG)
            assert ASSIGNMENT.replace("web", "s0") in desk.names(CLUSTER)
            assert b"10.0.0.2" in desk.body(CLUSTER_LOAD_ASSIGNMENT, ASSIGNMENT)

    run(scenario())


def test_a_change_of_endpoints_of_a_cluster_that_is_being_made_anew_is_not_lost():
    async def scenario():
        async with synced(WEB, workload("10.0.0.1")) as desk:
            web_too = bundle(
                istio("DestinationRule", "web", "{host: web, subsets: [{name: a}]}"), "rule.yaml"
            )
            desk.apply(*services(), web_too)
            await asyncio.sleep(CONFIG.quiet)
            for number in range(2, 200):  # At every step of the way, and after it.
                desk.apply(workload(f"10.0.1.{number}"))
                await asyncio.sleep(0)
            await asyncio.sleep(LONG)
            for name in (ASSIGNMENT, ASSIGNMENT.replace("||", "|a|")):
                assert b"10.0.1.199" in desk.body(CLUSTER_LOAD_ASSIGNMENT, name)

    run(scenario())


def test_a_change_of_config_that_comes_while_another_is_made_follows_it():
    async def scenario():
        async with synced(WEB) as desk:
            desk.apply(*services())
            await asyncio.sleep(CONFIG.quiet)
            desk.apply(service_file("api"), Bundle("default.s0.yaml"))
            await asyncio.sleep(LONG)
            assert API in desk.names(CLUSTER)
            assert ASSIGNMENT.replace("web", "s0") not in desk.names(CLUSTER)
            assert ASSIGNMENT.replace("web", "s1") in desk.names(CLUSTER)

    run(scenario())


def test_checks_give_way_too():
    async def scenario():
        async with synced(WEB) as desk:
            desk.apply(
                *[
                    bundle(
                        istio("DestinationRule", f"x{number}", f"{{host: x{number}}}"), f"x{number}"
                    )
                    for number in range(NUMBER)
                ]
            )
            await asyncio.sleep(CONFIG.quiet)
            turns = Turns()
            await until(lambda: len(desk.problems) == NUMBER)
            turns.stop()
            assert turns.count >= NUMBER

    run(scenario())


def test_a_breath_gives_way_when_its_time_is_over_and_not_before():
    async def scenario():
        others = 0

        async def other() -> None:
            nonlocal others
            others += 1

        breath = Breath(2.0)
        loop = asyncio.get_running_loop()
        tasks = [loop.create_task(other())]
        await breath.take()
        assert others == 0
        await asyncio.sleep(2)
        tasks.append(loop.create_task(other()))
        await breath.take()
        assert others == 2
        tasks.append(loop.create_task(other()))
        await breath.take()
        assert others == 2
        await asyncio.gather(*tasks)

    run(scenario())
