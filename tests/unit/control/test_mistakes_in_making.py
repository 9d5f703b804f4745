"""Mistakes of ours in what is made: told with their cause, counted, and all else is made."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from straightway import checks
from straightway.api import DestinationRule
from straightway.discovery import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER, ROUTE_CONFIGURATION
from straightway.documents import Bundle, Problem
from straightway.proxies.audience import Audience
from straightway.snapshots import listeners as listeners_module
from straightway.snapshots import routes as routes_module
from straightway.translate import clusters as clusters_module
from straightway.translate import endpoints as endpoints_module
from tests.support.configs import bundle, istio
from tests.support.control import (
    API,
    ASSIGNMENT,
    AUDIENCE,
    FRONTS,
    LONG,
    WEB,
    Desk,
    gateway_file,
    routes_file,
    service_file,
    synced,
    workload,
)
from tests.support.mistakes import Lines, OurMistakeError, break_for, errors
from tests.support.virtual_time import run

ROUTES = "http.80"


def gateway_desk() -> Desk:
    return Desk(wanted=[FRONTS, AUDIENCE])


FIRST = (
    WEB,
    service_file("api"),
    gateway_file("{tier: front}"),
    routes_file("good", "good.com"),
    routes_file("bad", "bad.com"),
)


def test_a_mistake_in_one_virtual_host_leaves_all_others_served_and_its_old_one_in_place(
    monkeypatch: pytest.MonkeyPatch,
):
    async def scenario(lines: Lines):
        async with synced(*FIRST, desk=gateway_desk()) as desk:
            with monkeypatch.context() as broken:
                break_for(broken, routes_module, "virtual_host", "bad.com")
                desk.apply(
                    routes_file("good", "good.com", "api"),
                    routes_file("bad", "bad.com", "api"),
                    routes_file("new", "new.com", "api"),
                )
                await asyncio.sleep(LONG)
            body = desk.body(ROUTE_CONFIGURATION, ROUTES, FRONTS)
            assert b"new.com" in body
            assert body.count(API.encode()) == 2
            assert body.count(ASSIGNMENT.encode()) == 1
            assert desk.control.mistakes == 1
            [(event, cause)] = errors(lines)
            assert "internal error" in event
            assert cause == "bad.com"

            # It is tried again when something that it read changes, and not before.
            desk.apply(service_file("more"))
            await asyncio.sleep(LONG)
            assert desk.body(ROUTE_CONFIGURATION, ROUTES, FRONTS) == body
            desk.apply(routes_file("bad", "bad.com", "api.default.svc.cluster.local"))
            await asyncio.sleep(LONG)
            assert desk.body(ROUTE_CONFIGURATION, ROUTES, FRONTS).count(API.encode()) == 3
            assert desk.control.mistakes == 1

    with capture_logs() as lines:
        run(scenario(lines))


@pytest.mark.parametrize(
    ("module", "function", "url"),
    [
        (clusters_module, "cluster", CLUSTER),
        (endpoints_module, "assignment", CLUSTER_LOAD_ASSIGNMENT),
    ],
    ids=["cluster", "assignment"],
)
@pytest.mark.parametrize("audience", [FRONTS, AUDIENCE], ids=str)
def test_a_mistake_in_something_new_keeps_nothing_else_from_being_served(
    monkeypatch: pytest.MonkeyPatch, module: Any, function: str, url: str, audience: Audience
):
    """Nothing stands in for it: it has never been made."""

    async def scenario():
        async with synced(*FIRST, workload("10.0.0.1"), desk=gateway_desk()) as desk:
            with monkeypatch.context() as broken, capture_logs() as lines:
                break_for(broken, module, function, "bad")
                desk.apply(
                    service_file("new"),
                    service_file("bad"),
                    routes_file("new", "new.com", "new"),
                    routes_file("bad", "bad.com", "bad"),
                )
                await asyncio.sleep(LONG)
            new, bad = (ASSIGNMENT.replace("web", name) for name in ("new", "bad"))
            assert new in desk.names(CLUSTER, audience)
            assert {ASSIGNMENT, new} <= set(desk.names(CLUSTER_LOAD_ASSIGNMENT, audience))
            assert bad not in desk.names(url, audience)
            assert desk.control.mistakes == len(errors(lines)) == 1

            # Made right later, it is there, and so is what it changes into.
            desk.apply(bundle(istio("DestinationRule", "r", "{host: bad}"), "rule.yaml"))
            desk.apply(Bundle("default.bad.yaml"))
            await asyncio.sleep(LONG)
            desk.apply(service_file("bad"))
            await asyncio.sleep(LONG)
            assert bad in desk.names(CLUSTER, audience)
            assert bad in desk.names(CLUSTER_LOAD_ASSIGNMENT, audience)

    run(scenario())


def test_a_mistake_in_an_assignment_leaves_the_old_one_in_place_and_others_change(
    monkeypatch: pytest.MonkeyPatch,
):
    api_1 = workload("10.0.0.7", "api-1", app="api")

    async def scenario():
        async with synced(WEB, service_file("api"), workload("10.0.0.1")) as desk:
            with monkeypatch.context() as broken, capture_logs() as lines:
                break_for(broken, endpoints_module, "assignment", "|web.")
                desk.apply(workload("10.0.0.2"), api_1)
                await asyncio.sleep(LONG)
            assert b"10.0.0.1" in desk.body(CLUSTER_LOAD_ASSIGNMENT, ASSIGNMENT)
            assert b"10.0.0.7" in desk.body(CLUSTER_LOAD_ASSIGNMENT, API)
            assert desk.control.mistakes == len(errors(lines)) == 1

            desk.apply(workload("10.0.0.3"))
            await asyncio.sleep(LONG)
            assert b"10.0.0.3" in desk.body(CLUSTER_LOAD_ASSIGNMENT, ASSIGNMENT)

    run(scenario())


def test_a_mistake_in_a_new_listener_keeps_nothing_else_of_its_gateway_from_changing(
    monkeypatch: pytest.MonkeyPatch,
):
    async def scenario():
        async with synced(*FIRST, desk=gateway_desk()) as desk:
            before = desk.resources(FRONTS)
            with monkeypatch.context() as broken, capture_logs() as lines:
                break_for(broken, listeners_module, "http_listener", "81")
                desk.apply(
                    gateway_file("{tier: front}", "second", 81),
                    service_file("more"),
                    routes_file("more", "more.com", "more"),
                )
                await asyncio.sleep(LONG)
            assert sorted(name for url, name in before if url == LISTENER) == sorted(
                desk.names(LISTENER, FRONTS)
            )
            assert ASSIGNMENT.replace("web", "more") in desk.names(CLUSTER, FRONTS)
            assert b"more.com" in desk.body(ROUTE_CONFIGURATION, ROUTES, FRONTS)
            assert desk.control.mistakes == len(errors(lines)) == 1
            desk.apply(Bundle("more.yaml"), Bundle("default.more.yaml"))

            desk.apply(Bundle("second.yaml"))
            await asyncio.sleep(LONG)
            assert desk.resources(FRONTS) == before

    run(scenario())


def test_a_mistake_in_a_check_keeps_what_it_found_before_and_all_others_run(
    monkeypatch: pytest.MonkeyPatch,
):
    def rule(name: str, host: str) -> Bundle:
        return bundle(istio("DestinationRule", name, f"{{host: {host}}}"), f"{name}.yaml")

    def subjects(problems: list[Problem]) -> list[str]:
        return [problem.subject for problem in problems]

    async def scenario():
        async with synced(WEB, rule("bad", "missing")) as desk:
            await asyncio.sleep(LONG)
            assert subjects(desk.problems.standing) == ["DestinationRule default/bad"]
            with monkeypatch.context() as broken, capture_logs() as lines:
                check = checks._CHECKS[DestinationRule]

                def failing(reading: Any, reference: Any) -> Any:
                    found = tuple(check(reading, reference))
                    if reference.name == "bad":
                        raise OurMistakeError(reference.name)
                    return found

                broken.setitem(checks._CHECKS, DestinationRule, failing)  # type: ignore[misc]
                desk.apply(rule("bad", "web"), rule("other", "missing"))
                await asyncio.sleep(LONG)
            assert subjects(desk.problems.standing) == [
                "DestinationRule default/bad",
                "DestinationRule default/other",
            ]
            assert desk.control.mistakes == len(errors(lines)) == 1
            desk.apply(rule("bad", "web.default.svc.cluster.local"))
            await asyncio.sleep(LONG)
            assert subjects(desk.problems.standing) == ["DestinationRule default/other"]

    run(scenario())
