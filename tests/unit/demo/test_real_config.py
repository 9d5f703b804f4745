"""The YAML of the demo with real servers: no label, and the same routes before and after."""

from __future__ import annotations

from pathlib import Path

import yaml

REAL = Path(__file__).parents[3] / "demo" / "real"


def load(path):
    [document] = yaml.safe_load_all((REAL / path).read_text())
    return document


def test_before_and_after_differ_in_the_keys_alone():
    before, after = load("before/virtual-service.yaml"), load("config/virtual-service.yaml")
    keys = [route.pop("dynamicSubsetKeys") for route in after["spec"]["http"]]
    assert before == after
    preset = [{"key": "model", "preset": "open-inference"}]
    assert keys == [preset, [{"key": "model", "from": [{"header": "x-model"}]}], preset]


def test_the_objects_speak_of_the_same_service_and_key():
    rule = load("config/destination-rule.yaml")["spec"]
    hosts = {
        destination["destination"]["host"]
        for route in load("config/virtual-service.yaml")["spec"]["http"]
        for destination in route["route"]
    }
    service = load("config/model-discovery.yaml")["spec"]["service"]
    assert hosts == {rule["host"]} == {service}
    [selector] = rule["trafficPolicy"]["loadBalancer"]["dynamicSubset"]["subsetSelectors"]
    assert selector["keys"] == ["model"]


def test_no_workload_has_a_label():
    texts = "".join(file.read_text() for file in (REAL / "config").iterdir())
    assert "labels" not in texts
    assert "WorkloadEntry" not in texts
