"""A source is told which labels count, and what it kept back is in force before these are."""

from __future__ import annotations

import asyncio

import pytest

from straightway.api import Gateway, Pod
from straightway.control.inflow import LARGE
from straightway.documents import Bundle, Reference
from tests.support.configs import bundle
from tests.support.control import LONG, WEB, Desk, gateway_file, running, service_file, synced
from tests.support.mistakes import OurMistakeError
from tests.support.virtual_time import run

NAMES = [f"pod-{number}" for number in range(LARGE + 50)]
GATEWAY = Reference("networking.istio.io", "Gateway", "default", "gw")
SOON = 60.0


def pod(name: str, tier: str) -> Bundle:
    text = f"""
    apiVersion: v1
    kind: Pod
    metadata: {{name: {name}, labels: {{app: web, tier: {tier}}}}}
    spec: {{}}
    """
    return bundle(text, f"{name}.yaml")


def tier_of(desk: Desk, name: str) -> str:
    found = desk.catalog.object(Reference("", "Pod", "default", name))
    assert isinstance(found, Pod)
    return found.metadata.labels["tier"]


class Source:
    """Keeps bundles to itself until a name counts."""

    def __init__(self, desk: Desk, name: str, *kept: Bundle) -> None:
        self.desk = desk
        self.told: list[set[str]] = []
        self._name = name
        self._kept = kept
        desk.control.follow_labels(self.count)

    async def count(self, names: frozenset[str]) -> None:
        self.told.append(set(names))
        if self._name in names:
            kept, self._kept = self._kept, ()
            await asyncio.sleep(0)
            self.desk.apply(*kept)


def test_it_is_told_from_the_first_config_on_and_when_names_come_or_go():
    async def scenario():
        desk = Desk()
        source = Source(desk, "none")
        async with running(desk):
            desk.apply(pod("a", "x"), synced=False)
            await asyncio.sleep(SOON)
            assert source.told == []
            desk.apply(WEB)
            await asyncio.sleep(SOON)
            desk.apply(service_file("api"))
            await asyncio.sleep(SOON)
            desk.apply(gateway_file("{tier: front}"))
            await asyncio.sleep(SOON)
            desk.apply(gateway_file("{}"))
            await asyncio.sleep(SOON)
            assert source.told == [{"app"}, {"app", "tier"}, {"app"}]

    run(scenario())


@pytest.mark.parametrize("names", [["a"], NAMES])
def test_what_it_kept_is_in_force_before_the_name_is(names):
    async def scenario():
        desk = Desk()
        Source(desk, "tier", *(pod(name, "front") for name in names))
        async with synced(WEB, *(pod(name, "old") for name in names), desk=desk):
            await asyncio.sleep(SOON)
            tiers: list[set[str]] = []
            desk.on_rekey = lambda: tiers.append({tier_of(desk, name) for name in names})
            desk.apply(gateway_file("{tier: front}"))
            await asyncio.sleep(SOON)
            assert tiers == [{"front"}]

    run(scenario())


def test_it_waits_for_what_came_before_it():
    async def scenario():
        desk = Desk()
        Source(desk, "tier", pod("a", "front"))
        async with synced(WEB, pod("a", "old"), desk=desk):
            await asyncio.sleep(SOON)
            desk.on_rekey = lambda: tiers.append(tier_of(desk, "a"))
            tiers: list[str] = []
            desk.apply(gateway_file("{tier: front}"))
            # It comes when the config is about to be in force, and is long.
            await asyncio.sleep(9.999)
            desk.apply(*(pod(name, "old") for name in NAMES))
            await asyncio.sleep(LONG)
            assert tiers == ["front"]

    run(scenario())


def test_a_mistake_of_ours_in_it_costs_no_config():
    async def scenario():
        async def fail(_: frozenset[str]) -> None:
            raise OurMistakeError

        desk = Desk()
        desk.control.follow_labels(fail)
        async with synced(WEB, desk=desk):
            await asyncio.sleep(SOON)
            for mistakes, tier in enumerate(("front", "back"), 1):
                desk.apply(gateway_file(f"{{tier{mistakes}: {tier}}}"))
                await asyncio.sleep(SOON)
                found = desk.catalog.object(GATEWAY)
                assert isinstance(found, Gateway)
                assert found.spec.selector == {f"tier{mistakes}": tier}
                assert desk.control.mistakes > mistakes

    run(scenario())
