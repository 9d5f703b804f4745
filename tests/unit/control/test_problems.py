"""What is wrong is told once, and once more when it is solved; objects are told with places."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from structlog.testing import capture_logs

from straightway.discovery import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    ROUTE_CONFIGURATION,
)
from straightway.documents import Bundle
from straightway.logs.problems import log_problems
from straightway.sources.yaml_documents import read_documents
from tests.support.configs import bundle, entry, istio
from tests.support.control import (
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
from tests.support.virtual_time import run


def told(lines: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    return [(line["event"], line["code"]) for line in lines if line["event"].startswith("problem")]


def rule(name: str, host: str) -> Bundle:
    return bundle(istio("DestinationRule", name, f"{{host: {host}}}"), f"{name}.yaml")


def test_a_problem_is_told_once_and_once_more_when_it_is_solved():
    broken = bundle("{apiVersion: v1, kind: Service, metadata: {name: x}}", "x.yaml")

    async def scenario():
        async with synced() as desk:
            desk.problems.listen(log_problems)
            for change in (broken, workload("10.0.0.2"), service_file("more"), Bundle("x.yaml")):
                desk.apply(change)
                await asyncio.sleep(LONG)

    with capture_logs() as lines:
        run(scenario())
    assert told(lines) == [("problem", "missing-field"), ("problem solved", "missing-field")]


def test_a_check_follows_changes_of_other_objects():
    async def scenario():
        async with synced(WEB, rule("r", "api")) as desk:
            await asyncio.sleep(LONG)
            desk.problems.listen(log_problems)
            [problem] = desk.problems.standing
            assert (problem.code, problem.origin) == ("unknown-host", "r.yaml:spec.host")
            with capture_logs() as lines:
                for change in (
                    service_file("api"),
                    workload("10.0.0.2"),
                    service_file("unrelated"),
                    Bundle("default.api.yaml"),
                    rule("r", "other"),
                    Bundle("r.yaml"),
                ):
                    desk.apply(change)
                    await asyncio.sleep(LONG)
            assert told(lines) == [
                ("problem solved", "unknown-host"),
                ("problem", "unknown-host"),
                ("problem solved", "unknown-host"),
                ("problem", "unknown-host"),
                ("problem solved", "unknown-host"),
            ]
            assert desk.problems.standing == []

    run(scenario())


def test_only_the_checks_that_read_what_has_changed_run_again():
    rules = [rule(f"r{number}", f"missing{number}") for number in range(20)]

    async def scenario():
        async with synced(WEB, *rules) as desk:
            await asyncio.sleep(LONG)
            assert len(desk.problems) == 20
            made = desk.control._making.units.made
            desk.apply(rule("r7", "missing7-too"))
            await asyncio.sleep(LONG)
            assert len(desk.problems) == 20
            assert desk.control._making.units.made - made < 10

    run(scenario())


def test_a_check_of_a_workload_runs_though_no_config_changes():
    host = entry("dns", {"app": "web"}, "runtime.example.com")

    async def scenario():
        async with synced() as desk:
            desk.apply(bundle(host, "dns.yaml"))
            await asyncio.sleep(LONG)
            [problem] = desk.problems.standing
            assert problem.subject == "WorkloadEntry default/dns"
            desk.apply(Bundle("dns.yaml"))
            await asyncio.sleep(LONG)
            assert desk.problems.standing == []

    run(scenario())


def test_problems_of_the_first_listing_stand_before_it_is_said_to_be_in_force():
    async def scenario():
        desk = Desk()
        desk.problems.listen(log_problems)
        async with synced(WEB, rule("r", "missing"), desk=desk):
            pass

    with capture_logs() as lines:
        run(scenario())
    events = [line["event"] for line in lines]
    assert events == ["problem", "config in force"]


def test_proxies_that_lose_all_they_served_are_warned_of_once():
    async def scenario():
        desk = Desk(wanted=[FRONTS])
        async with synced(WEB, gateway_file("{tier: front}"), desk=desk):
            for change in (
                gateway_file("{tier: frnt}"),
                service_file("api"),
                gateway_file("{tier: front}"),
                gateway_file("{tier: frnt}"),
            ):
                desk.apply(change)
                await asyncio.sleep(LONG)

    with capture_logs() as lines:
        run(scenario())
    warnings = [line for line in lines if line["log_level"] == "warning"]
    assert [line["event"] for line in warnings] == ["proxies have nothing to serve"] * 2
    assert warnings[0]["audience"] == str(FRONTS)


def test_unsupported_kinds_are_named_in_the_log_once():
    config_map = bundle("{apiVersion: v1, kind: ConfigMap, metadata: {name: x}}", "x.yaml")

    async def scenario():
        async with synced() as desk:
            desk.apply(config_map)
            desk.apply(config_map)
            await asyncio.sleep(LONG)

    with capture_logs() as lines:
        run(scenario())
    named = [line["object"] for line in lines if line["event"] == "unsupported kind"]
    assert named == ["x.yaml: ConfigMap (v1)"]


def test_the_problem_of_a_check_follows_its_object_to_another_line():
    def file(lines: int) -> Bundle:
        text = istio("DestinationRule", "r", "{host: missing}")
        return read_documents("r.yaml", "r.yaml", "# a comment\n" * lines + text).bundle

    async def scenario():
        async with synced(WEB, file(0), rule("good", "web")) as desk:
            await asyncio.sleep(LONG)
            [problem] = desk.problems.standing
            file_name, line = problem.origin.split(":")
            made = desk.control._making.units.made
            desk.apply(file(3), rule("good", "web"))
            await asyncio.sleep(LONG)
            [moved] = desk.problems.standing
            assert moved.origin == f"{file_name}:{int(line) + 3}"
            assert moved.message == problem.message
            assert desk.control._making.units.made == made, "the check does not run again"

    run(scenario())


# --- Origins ---

TRANSCODER = """
    isGateway: true
    workloadSelector: {labels: {tier: front}}
    builtinProtoDescriptor: kserve_predict_v2
"""


def test_a_resource_is_traced_to_its_objects_with_their_places():
    async def scenario():
        desk = Desk(wanted=[AUDIENCE, FRONTS])
        first = (
            WEB,
            workload("10.0.0.1"),
            gateway_file("{tier: front}"),
            routes_file("one", "one.com"),
            routes_file("two", "two.com"),
            bundle(istio("ASMGrpcJsonTranscoder", "t", TRANSCODER), "t.yaml"),
            rule("r", "web"),
        )
        async with synced(*first, desk=desk):
            origins = desk.control.origins
            assert origins(FRONTS, CLUSTER, ASSIGNMENT) == [
                "Service default/web (web.yaml)",
                "DestinationRule default/r (r.yaml)",
            ]
            assert "WorkloadEntry default/a (a.yaml)" in origins(
                AUDIENCE, CLUSTER_LOAD_ASSIGNMENT, ASSIGNMENT
            )
            assert {
                "Gateway default/gw (gw.yaml)",
                "ASMGrpcJsonTranscoder default/t (t.yaml)",
            } <= set(origins(FRONTS, LISTENER, "0.0.0.0_80"))
            [name] = desk.names(ROUTE_CONFIGURATION, FRONTS)
            routes = {item.split()[1] for item in origins(FRONTS, ROUTE_CONFIGURATION, name)}
            assert {"default/one", "default/two"} <= routes
            told = origins(FRONTS, ROUTE_CONFIGURATION, name, "virtual host 'two.com:80' is bad")
            assert "VirtualService default/two (two.yaml)" in told
            assert "VirtualService default/one (one.yaml)" not in told

    run(scenario())


def test_what_is_not_known_has_no_origin_and_is_no_error():
    async def scenario():
        async with synced() as desk:
            made = desk.control._making.units.made
            assert desk.control.origins(AUDIENCE, CLUSTER, "unknown") == []
            assert desk.control.origins(AUDIENCE, "unknown", ASSIGNMENT) == []
            assert desk.control.origins("nobody", CLUSTER, ASSIGNMENT) == []
            assert desk.control.origins(FRONTS, LISTENER, "0.0.0.0_80") == []
            assert desk.control._making.units.made == made, "asking makes nothing"

    run(scenario())
