"""The rules between fields, and the limits that make them affordable."""

from __future__ import annotations

import re
from pathlib import Path

from straightway.api.extent import excess
from straightway.api.kinds import KINDS
from straightway.schemas import RESOURCES
from straightway.schemas.rules import (
    MOST_ROUTES,
    MOST_SELECTORS,
    MOST_SUBSETS,
    OF_FIELDS,
    OF_MODELS,
    RULES,
)
from tests.support.schemas import parts, schema_of

PAGE = Path(__file__).parents[3] / "docs/crds.md"


def test_no_object_has_room_for_more_routes_that_each_have_a_match():
    route = {
        "match": [{"uri": {"exact": "/a"}}],
        "route": [{"destination": {"host": "a"}}],
    }
    spec = {"hosts": ["a"], "http": [route] * (MOST_ROUTES + 1)}

    assert excess({"kind": "VirtualService", "spec": spec})


def test_the_limits_are_those_on_the_page():
    text = " ".join(PAGE.read_text().split())

    for limit, of in (
        (MOST_ROUTES, "routes of a VirtualService"),
        (MOST_SUBSETS, "subsets of a DestinationRule"),
        (MOST_SELECTORS, "selectors of a dynamic subset"),
    ):
        assert f"{limit:,} {of}" in text


def test_every_rule_stands_in_some_schema():
    """A model that no CRD uses any more would keep its rules unnoticed."""
    written = {
        rule["rule"]
        for key in RESOURCES
        for _, part in parts(schema_of(*key))
        for rule in part.get("x-kubernetes-validations", ())
    }

    assert {rule.condition for rules in RULES.values() for rule in rules} <= written


def test_rules_name_fields_that_exist():
    for model, rules in RULES.items():
        names = {field.alias for field in model.model_fields.values()}
        for rule in rules:
            assert set(re.findall(r"self\.(\w+)", rule.condition)) <= names, rule


def test_what_is_said_of_fields_is_said_of_fields_that_exist():
    for model, name in OF_FIELDS:
        assert name in {field.alias for field in model.model_fields.values()}
    assert all(model.model_fields for model in OF_MODELS)
    assert RESOURCES.keys() <= KINDS.keys()
