"""Proxies that are too old to let requests leave their subset are counted in the status."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from straightway.documents import Reference
from straightway.proxies.audience import Audience, Role
from straightway.writeback.desired import desired
from straightway.writeback.facts import Facts, Programming
from straightway.writeback.staying import staying
from tests.support.configs import catalog_of, istio

OLD = Audience(Role.GATEWAY, "default")
NEW = replace(OLD, leaves_subsets=True)
RULE = Reference("networking.istio.io", "DestinationRule", "default", "web")
ANY = "{keys: [model], fallbackPolicy: ANY_ENDPOINT}"


def found(selector: str, more: str = "") -> list[Hashable]:
    subsets = f"{{subsetSelectors: [{selector}]{more}}}"
    rule = istio(
        "DestinationRule",
        "web",
        f"host: web\ntrafficPolicy: {{loadBalancer: {{dynamicSubset: {subsets}}}}}",
    )
    sight: Any = SimpleNamespace(catalog=catalog_of(rule), audiences_of=lambda _: [OLD, NEW])
    return list(staying(sight, RULE))


@pytest.mark.parametrize("selector", [ANY, "{keys: [model], onMissing: {answer: openai}}"])
def test_old_proxies_do_not_do_what_such_a_rule_asks(selector):
    assert found(selector) == [OLD]


@pytest.mark.parametrize(
    ("selector", "more"), [("{keys: [model]}", ""), (ANY, ", retries: {attempts: 0}")]
)
def test_a_rule_that_asks_for_nothing_new_is_the_same_for_all(selector, more):
    assert found(selector, more) == []


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "have it."), (1, "1 proxy is older than"), (2, "2 proxies are older than Envoy 1.40")],
)
def test_the_status_says_how_many(number, words):
    facts = Facts(RULE, 1, 1, programming=Programming(3, 3, staying=number))
    [message] = [each.message for each in desired(facts).conditions if each.type == "Programmed"]
    assert words in message
