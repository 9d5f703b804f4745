"""Workloads are listed by the labels by which services of their namespace select, and no others."""

from __future__ import annotations

from collections.abc import Container

import pytest

from straightway.api import ApiObject
from straightway.catalog import catalog as module
from straightway.catalog import keys
from straightway.catalog.contributions import LabelKey
from straightway.documents import Reference
from tests.support.configs import entry, service
from tests.support.world import World

WEB = Reference("", "Service", "default", "web")
WORKLOAD = Reference("networking.istio.io", "WorkloadEntry", "default", "a")
LABELLED = keys.labelled("default", "app", "web")


def test_a_workload_is_listed_once_a_service_selects_by_its_label():
    world = World(entry("a", {"app": "web"}, "10.0.0.1"))
    assert world.catalog.objects_at(LABELLED) == ()
    assert LABELLED in world.change(service("web", "{name: http, port: 80}"))
    assert world.catalog.objects_at(LABELLED) == (WORKLOAD,)
    assert LABELLED in world.put({WEB: None})
    assert world.catalog.objects_at(LABELLED) == ()


def test_a_workload_that_is_gone_is_listed_by_no_service_that_comes():
    world = World(entry("a", {"app": "web"}, "10.0.0.1"))
    world.put({WORKLOAD: None})
    world.change(service("web", "{name: http, port: 80}"))
    assert world.catalog.objects_at(LABELLED) == ()


def test_the_first_service_of_a_namespace_looks_at_no_workload_of_another(
    monkeypatch: pytest.MonkeyPatch,
):
    world = World(
        entry("a", {"app": "web"}, "10.0.0.1"),
        entry("b", {"app": "web"}, "10.0.0.2", "shop"),
        service("web", "{name: http, port: 80}"),
    )
    looked_at: list[Reference] = []
    object_keys = module.object_keys  # type: ignore[attr-defined]

    def noted(item: ApiObject | None, label_keys: Container[LabelKey]) -> frozenset[keys.Key]:
        looked_at.extend([item.reference] if item is not None else [])
        return object_keys(item, label_keys)

    monkeypatch.setattr(module, "object_keys", noted)
    world.change(service("web", "{name: http, port: 80}", "shop"))
    assert {each.namespace for each in looked_at} == {"shop"}
