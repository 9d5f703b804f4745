"""What the CRDs' schemas must be, so that an API server takes them and prunes nothing of ours."""

from __future__ import annotations

import json
from typing import Any

import pytest
import re2

from straightway.api import KINDS
from straightway.api.durations import Duration
from straightway.api.kinds import CORE, DISCOVERY, VERSIONS
from straightway.api.model import Model
from straightway.api.objects import IstioObject
from straightway.schemas import RESOURCES, Resource, definition
from tests.support.schemas import parts, schema_of

KEYS = list(RESOURCES)
CONDITIONS = ("Accepted", "ResolvedRefs", "Programmed")

_UNTYPED = {"x-kubernetes-preserve-unknown-fields", "x-kubernetes-int-or-string"}
_KEYWORDS = {
    *("description", "type", "format", "required", "properties", "additionalProperties", "items"),
    *("enum", "minimum", "maximum", "pattern", "minLength", "maxLength", "minItems", "maxItems"),
    *("minProperties", "maxProperties", "x-kubernetes-validations"),
    *("x-kubernetes-list-type", "x-kubernetes-list-map-keys", *_UNTYPED),
}
# Enough for any one object; kubectl's client-side apply stores a copy in an annotation.
_LARGEST = 262_144

TRAFFIC_POLICY = "trafficPolicy.loadBalancer.dynamicSubset"
DYNAMIC_SUBSETS = (f".spec.{TRAFFIC_POLICY}", f".spec.subsets[].{TRAFFIC_POLICY}")


@pytest.fixture(params=KEYS, ids=[kind for _, kind in KEYS])
def key(request: pytest.FixtureRequest) -> tuple[str, str]:
    found: tuple[str, str] = request.param
    return found


def names(schema: dict[str, Any]) -> set[str]:
    return {path for path, _ in parts(schema)}


def test_every_kind_that_is_not_of_kubernetes_has_a_crd():
    assert {key for key in KINDS if key[0] not in (CORE, DISCOVERY)} == set(RESOURCES)


def test_every_version_that_is_read_is_served(key):
    versions = definition(*key)["spec"]["versions"]

    served = tuple(version["name"] for version in versions if version["served"])
    assert served == (VERSIONS[key[0]] or served)
    assert [version["name"] for version in versions if version["storage"]] == [served[0]]


def test_only_keywords_that_a_structural_schema_may_have_are_used(key):
    for path, part in parts(schema_of(*key)):
        assert set(part) <= _KEYWORDS, path
        assert not {"properties", "additionalProperties"} <= part.keys(), path


def test_every_part_has_a_type_unless_it_may_be_anything(key):
    for path, part in parts(schema_of(*key)):
        assert ("type" in part) != (not part.get("type") and bool(_UNTYPED & part.keys())), path


def test_every_field_has_a_description(key):
    for path, part in parts(schema_of(*key)):
        if not path.endswith(("[]", "{}")) and path != ".metadata":
            assert part.get("description", "").endswith((".", ":")), path


def test_every_pattern_is_one_of_the_api_servers_engine(key):
    for _, part in parts(schema_of(*key)):
        if "pattern" in part:
            assert re2.compile(part["pattern"])
            assert part["pattern"].startswith("^")
            assert part["pattern"].endswith("$")


def test_every_required_field_exists(key):
    for path, part in parts(schema_of(*key)):
        assert set(part.get("required", ())) <= part.get("properties", {}).keys(), path


def test_every_rule_says_what_is_wrong_in_a_sentence(key):
    for path, part in parts(schema_of(*key)):
        for rule in part.get("x-kubernetes-validations", ()):
            assert rule["message"].endswith("."), path
            assert "\n" not in rule["message"], path


def test_a_crd_is_small_enough_for_kubectl_apply(key):
    assert len(json.dumps(definition(*key))) < _LARGEST


def test_dynamic_subsets_are_known_wherever_they_are_read():
    rule = names(schema_of("networking.istio.io", "DestinationRule"))
    routes = names(schema_of("networking.istio.io", "VirtualService"))

    for path in DYNAMIC_SUBSETS:
        assert f"{path}.subsetSelectors[].fallbackPolicy" in rule
        assert f"{path}.defaultSubset{{}}" in rule
    assert ".spec.http[].headerToDynamicSubsetKey[].header" in routes


def test_a_field_that_is_not_translated_may_hold_anything():
    schema = dict(parts(schema_of("networking.istio.io", "DestinationRule")))

    for path in (".spec.trafficPolicy.tls", ".spec.trafficPolicy.portLevelSettings"):
        assert schema[path]["x-kubernetes-preserve-unknown-fields"] is True
        assert schema[path]["description"].startswith("Valid in Istio, and not translated yet: ")


def test_conditions_are_merged_by_type():
    status = dict(parts(schema_of("networking.istio.io", "Gateway")))[".status.conditions"]

    assert status["x-kubernetes-list-map-keys"] == ["type"]


def test_kubectl_shows_the_conditions(key):
    for version in definition(*key)["spec"]["versions"]:
        columns = {each["name"]: each["jsonPath"] for each in version["additionalPrinterColumns"]}
        for condition in CONDITIONS:
            assert columns[condition] == f'.status.conditions[?(@.type=="{condition}")].status'
        assert list(columns)[-1] == "Age"
        assert version["subresources"] == {"status": {}}


def test_a_kind_of_our_own_needs_a_model_and_a_line(monkeypatch):
    class Spec(Model):
        interval: Duration
        """How often runtimes are asked."""

    class Discovery(IstioObject):
        """Asks runtimes what they hold."""

        spec: Spec
        """What to ask."""

    key = ("example.com", "Discovery")
    resource = Resource("discoveries", versions=("v1alpha1",), columns=())
    monkeypatch.setattr("straightway.schemas.crd.KINDS", {key: Discovery})
    monkeypatch.setattr("straightway.schemas.crd.RESOURCES", {key: resource})

    made = definition(*key)

    assert made["metadata"]["name"] == "discoveries.example.com"
    [version] = made["spec"]["versions"]
    schema = version["schema"]["openAPIV3Schema"]
    assert schema["description"] == "Asks runtimes what they hold."
    assert schema["properties"]["spec"]["description"] == "What to ask."
    interval = schema["properties"]["spec"]["properties"]["interval"]
    assert interval["description"] == "How often runtimes are asked."
    assert interval["type"] == "string"


def test_names_are_istios():
    istio = {
        kind: definition(group, kind)["spec"]["names"]
        for group, kind in KEYS
        if group == "networking.istio.io"
    }

    assert {kind: names["shortNames"] for kind, names in istio.items()} == {
        "Gateway": ["gw"],
        "VirtualService": ["vs"],
        "DestinationRule": ["dr"],
        "ServiceEntry": ["se"],
        "WorkloadEntry": ["we"],
    }
    assert all(each["categories"] == ["istio-io", "networking-istio-io"] for each in istio.values())
    assert istio["ServiceEntry"]["plural"] == "serviceentries"
