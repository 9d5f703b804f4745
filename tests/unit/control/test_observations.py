"""What workloads are observed to hold becomes metadata of their endpoints at once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from straightway.catalog import Key, Observation
from straightway.discovery import CLUSTER_LOAD_ASSIGNMENT
from straightway.documents import Bundle, Reference
from tests.support.configs import bundle, istio
from tests.support.control import (
    ASSIGNMENT,
    LONG,
    PAUSE,
    WEB,
    Desk,
    changed,
    now,
    running,
    service_file,
    synced,
    workload,
)
from tests.support.virtual_time import run

RULE = bundle(
    istio(
        "DestinationRule",
        "web",
        """
        host: web
        trafficPolicy: {loadBalancer: {dynamicSubset: {subsetSelectors: [{keys: [model]}]}}}
        """,
    ),
    "rule.yaml",
)
FIRST = (WEB, RULE, workload("10.0.0.1"))
WORKLOAD = Reference("networking.istio.io", "WorkloadEntry", "default", "a")


def holds(*models: str, key: str = "model") -> dict[str, Observation]:
    return {key: Observation(models, at=0.0, origin="http://10.0.0.1:8000")}


def assignment(desk: Desk) -> bytes:
    return desk.body(CLUSTER_LOAD_ASSIGNMENT, ASSIGNMENT)


def test_what_a_workload_is_observed_to_hold_is_sent_at_once_and_alone():
    async def scenario():
        async with synced(*FIRST) as desk:
            before = desk.resources()
            desk.apply(service_file("pending"))
            desk.control.observe(WORKLOAD, holds("llama", "qwen"))
            await asyncio.sleep(0)
            assert b"llama" in assignment(desk)
            assert b"qwen" in assignment(desk)
            assert changed(before, desk.resources()) == {(CLUSTER_LOAD_ASSIGNMENT, ASSIGNMENT)}
            assert desk.times == [0]

    run(scenario())


def test_the_latest_observation_of_each_workload_counts():
    async def scenario():
        async with synced(*FIRST) as desk:
            desk.control.observe(WORKLOAD, holds("llama"))
            await asyncio.sleep(PAUSE / 2)
            desk.control.observe(WORKLOAD, holds("qwen"))
            desk.control.observe(WORKLOAD, holds("mistral"))
            await asyncio.sleep(LONG)
            assert desk.times == [0, PAUSE]
            assert b"mistral" in assignment(desk)
            for gone in (b"llama", b"qwen"):
                assert gone not in assignment(desk)

            desk.control.observe(WORKLOAD, {})
            await asyncio.sleep(LONG)
            assert b"mistral" not in assignment(desk)

    run(scenario())


def test_observations_that_say_nothing_new_wake_nobody():
    async def scenario():
        async with synced(*FIRST) as desk:
            desk.control.observe(WORKLOAD, holds("llama"))
            await asyncio.sleep(LONG)
            desk.times.clear()
            desk.control.observe(WORKLOAD, holds("llama"))
            desk.control.observe(WORKLOAD._replace(name="unknown"), holds("llama"))
            await asyncio.sleep(LONG)
            desk.control.observe(WORKLOAD, holds("llama") | holds("x", key="no-selector-names-it"))
            await asyncio.sleep(LONG)
            assert desk.times == []
            assert now() == 3 * LONG

    run(scenario())


def test_what_was_observed_before_the_first_config_or_the_workload_counts():
    async def scenario():
        async with running(Desk()) as desk:
            desk.control.observe(WORKLOAD, holds("llama"))
            desk.control.observe(WORKLOAD._replace(name="b"), holds("qwen"))
            desk.apply(*FIRST)
            await asyncio.sleep(LONG)
            assert b"llama" in assignment(desk)

            desk.apply(workload("10.0.0.2", "b"))
            await asyncio.sleep(LONG)
            assert b"qwen" in assignment(desk)
            desk.apply(Bundle("a.yaml"))
            await asyncio.sleep(LONG)
            assert b"llama" not in assignment(desk)

    run(scenario())


def test_a_mistake_at_one_observation_leaves_out_that_one_alone(monkeypatch: pytest.MonkeyPatch):
    async def scenario():
        async with synced(*FIRST, workload("10.0.0.2", "b")) as desk:
            observe = desk.catalog.observe

            def failing(reference: Reference, held: Mapping[str, Observation]) -> set[Key]:
                if reference.name == "bad":
                    raise ZeroDivisionError
                return observe(reference, held)

            monkeypatch.setattr(desk.catalog, "observe", failing)
            desk.control.observe(WORKLOAD, holds("llama"))
            desk.control.observe(WORKLOAD._replace(name="bad"), holds("mistral"))
            desk.control.observe(WORKLOAD._replace(name="b"), holds("qwen"))
            await asyncio.sleep(LONG)
            assert b"llama" in assignment(desk)
            assert b"qwen" in assignment(desk)
            assert desk.control.mistakes == 1

    run(scenario())
