"""Mistakes of ours are contained: told with their cause, counted, and all else goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from straightway import checks
from straightway.api import DestinationRule
from straightway.catalog import replaced as replaced_module
from straightway.discovery import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    ROUTE_CONFIGURATION,
)
from straightway.documents import Bundle, Problem
from straightway.intake import Intake
from straightway.proxies.audience import Audience, Proxy, Role
from straightway.snapshots import listeners as listeners_module
from straightway.snapshots import routes as routes_module
from straightway.translate import clusters as clusters_module
from straightway.translate import endpoints as endpoints_module
from tests.support.configs import bundle, entry, istio
from tests.support.control import (
    API,
    ASSIGNMENT,
    AUDIENCE,
    LONG,
    WEB,
    Desk,
    gateway_file,
    routes_file,
    service_file,
    synced,
    workload,
)
from tests.support.virtual_time import run

FRONTS = Audience(Role.GATEWAY, "default", (("tier", "front"),))
ROUTES = "http.80"
Lines = Sequence[Mapping[str, Any]]


class OurMistakeError(Exception):
    """What is raised in the place of a mistake."""


def fails_for(function: Callable[..., Any], text: str) -> Callable[..., Any]:
    """Return a function that does the same, but raises where its first argument names a text."""

    def failing(first: Any, *rest: Any, **named: Any) -> Any:
        if text in str(first):
            raise OurMistakeError(text)
        return function(first, *rest, **named)

    return failing


def break_for(broken: pytest.MonkeyPatch, module: Any, function: str, text: str) -> None:
    """Have a function raise where its first argument names a text."""
    broken.setattr(module, function, fails_for(getattr(module, function), text))


def errors(lines: Lines) -> list[tuple[str, str]]:
    """The events that were logged as errors, each with the cause."""
    return [
        (line["event"], str(line["exc_info"]) if line["exc_info"] is not True else "")
        for line in lines
        if line["log_level"] == "error" and "exc_info" in line
    ]


def gateway_desk() -> Desk:
    return Desk(wanted=[FRONTS, AUDIENCE])


FIRST = (
    WEB,
    service_file("api"),
    gateway_file("{tier: front}"),
    routes_file("good", "good.com"),
    routes_file("bad", "bad.com"),
)


# --- In what is made ---


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


def test_a_mistake_in_a_listener_keeps_its_gateway_as_it_was_and_no_other(
    monkeypatch: pytest.MonkeyPatch,
):
    async def scenario():
        async with synced(*FIRST, desk=gateway_desk()) as desk:
            before = desk.resources(FRONTS)
            with monkeypatch.context() as broken, capture_logs() as lines:
                break_for(broken, listeners_module, "http_listener", "81")
                desk.apply(gateway_file("{tier: front}", "second", 81), service_file("more"))
                await asyncio.sleep(LONG)
            assert {name for url, name in before if url == LISTENER} <= set(
                desk.names(LISTENER, FRONTS)
            )
            assert ASSIGNMENT.replace("web", "more") in desk.names(CLUSTER)
            assert desk.control.mistakes == len(errors(lines)) == 1

            desk.apply(Bundle("second.yaml"))
            await asyncio.sleep(LONG)
            assert desk.resources(FRONTS) == before

    run(scenario())


# --- In the catalog and the checks ---


def test_a_mistake_in_indexing_an_object_leaves_it_out_and_takes_all_others(
    monkeypatch: pytest.MonkeyPatch,
):
    async def scenario():
        async with synced() as desk:
            with monkeypatch.context() as broken:
                break_for(broken, replaced_module, "services_of", "'bad'")
                desk.apply(service_file("bad"), service_file("api"))
                await asyncio.sleep(LONG)
            assert API in desk.names(CLUSTER)
            assert ASSIGNMENT.replace("web", "bad") not in desk.names(CLUSTER)
            assert desk.control.mistakes == 1

            desk.apply(service_file("bad", port=81))
            await asyncio.sleep(LONG)
            assert ASSIGNMENT.replace("web", "bad").replace("80", "81") in desk.names(CLUSTER)

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


# --- In what comes in ---


@pytest.mark.parametrize("where", ["read", "settle"])
def test_a_mistake_in_the_intake_does_not_end_the_source_that_calls_it(
    monkeypatch: pytest.MonkeyPatch, where: str
):
    def fail(*_: object) -> None:
        raise OurMistakeError("intake")

    async def scenario():
        async with synced() as desk:
            before = desk.resources()
            with monkeypatch.context() as broken, capture_logs() as lines:
                broken.setattr(Intake, where, fail)
                desk.apply(service_file("lost"))
                await asyncio.sleep(LONG)
            assert desk.resources() == before
            assert desk.control.mistakes == len(errors(lines)) == 1

            desk.apply(service_file("api"))
            await asyncio.sleep(LONG)
            assert API in desk.names(CLUSTER)

    run(scenario())


def test_a_source_whose_first_listing_meets_a_mistake_still_counts_as_synced(
    monkeypatch: pytest.MonkeyPatch,
):
    """Else nothing at all would be served, for good."""

    def fail(*_: object) -> None:
        raise OurMistakeError("intake")

    async def scenario():
        desk = Desk(["folder", "cluster"])
        monkeypatch.setattr(Intake, "complete", fail)
        desk.apply(WEB, source="folder")
        with monkeypatch.context() as broken:
            broken.setattr(Intake, "settle", fail)
            desk.apply(source="cluster")
        async with synced(desk=desk):
            assert ASSIGNMENT in desk.names(CLUSTER)
            assert desk.control.mistakes == 3

    run(scenario())


def test_a_listener_of_problems_that_fails_does_not_keep_the_change_from_being_made():
    def fail(*_: object) -> None:
        raise OurMistakeError("listener")

    async def scenario():
        async with synced() as desk:
            desk.problems.listen(fail)
            broken = bundle("{apiVersion: v1, kind: Service, metadata: {name: x}}", "x.yaml")
            desk.apply(broken, service_file("api"))
            await asyncio.sleep(LONG)
            assert API in desk.names(CLUSTER)
            assert desk.control.mistakes == 1

    run(scenario())


def test_a_mistake_in_letting_go_what_vanished_does_not_end_the_loop(
    monkeypatch: pytest.MonkeyPatch,
):
    expire = Intake.expire
    failed: list[float] = []

    def fail_once(intake: Intake, now: float) -> Any:
        if not failed:
            failed.append(now)
            raise OurMistakeError("expire")
        return expire(intake, now)

    monkeypatch.setattr(Intake, "expire", fail_once)

    async def scenario():
        async with synced(WEB, service_file("api"), desk=Desk(grace=50)) as desk:
            desk.apply(Bundle("web.yaml"), Bundle("default.api.yaml"))
            await asyncio.sleep(LONG)
            assert ASSIGNMENT not in desk.names(CLUSTER)
            assert failed == [50]
            assert desk.control.mistakes == 1

    run(scenario())


# --- In telling proxies apart ---


@pytest.mark.parametrize("when", ["first", "later"])
def test_proxies_that_could_not_be_told_apart_are_told_apart_later(when: str):
    proxy = Proxy(Role.GATEWAY, "default", {"tier": "front"})
    failed: list[float] = []

    def fail_once() -> None:
        if not failed:
            failed.append(1)
            raise OurMistakeError("rekey")

    async def scenario():
        desk = Desk(proxies=[proxy], wanted=[AUDIENCE])
        if when == "first":
            desk.on_rekey = fail_once
        async with synced(WEB, desk=desk):
            desk.on_rekey = fail_once
            desk.apply(gateway_file("{tier: front}"), service_file("api"))
            await asyncio.sleep(LONG)
            assert API in desk.names(CLUSTER)
            assert desk.control.mistakes == 1
            assert desk.audiences == {FRONTS}
            assert desk.names(LISTENER, FRONTS) == ["0.0.0.0_80"]

    run(scenario())


def test_a_mistake_in_sending_one_assignment_leaves_no_other_unsent(
    monkeypatch: pytest.MonkeyPatch,
):
    api = [service_file("api"), bundle(entry("b", {"app": "api"}, "10.0.1.1"), "b.yaml")]

    async def scenario():
        async with synced(WEB, workload("10.0.0.1"), *api) as desk:
            await asyncio.sleep(LONG)
            update, calls = desk.cache.update, []

            def failing_once(*given: Any) -> None:
                calls.append(given)
                if len(calls) == 1:
                    raise OurMistakeError
                update(*given)

            monkeypatch.setattr(desk.cache, "update", failing_once)
            with capture_logs():
                desk.apply(
                    workload("10.0.0.2"), bundle(entry("b", {"app": "api"}, "10.0.1.2"), "b.yaml")
                )
                await asyncio.sleep(LONG)
            sent = [desk.body(CLUSTER_LOAD_ASSIGNMENT, name) for name in (ASSIGNMENT, API)]
            assert sum(b"10.0.0.2" in body or b"10.0.1.2" in body for body in sent) == 1

    run(scenario())


def test_a_mistake_that_nobody_foresaw_ends_no_lane(monkeypatch: pytest.MonkeyPatch):
    async def scenario():
        async with synced() as desk:
            with monkeypatch.context() as broken, capture_logs() as lines:
                broken.setattr(desk.cache, "update", fails_for(desk.cache.update, str(AUDIENCE)))
                desk.apply(workload("10.0.0.2"))
                desk.apply(service_file("lost"))
                await asyncio.sleep(LONG)
            assert desk.control.mistakes == len(errors(lines)) > 0

            desk.apply(workload("10.0.0.3"), service_file("api"))
            await asyncio.sleep(LONG)
            assert API in desk.names(CLUSTER)
            assert b"10.0.0.3" in desk.body(CLUSTER_LOAD_ASSIGNMENT, ASSIGNMENT)

    run(scenario())
