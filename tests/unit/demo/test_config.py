"""The demo's YAML is the tutorial's, and before and after differ in the extension alone."""

from pathlib import Path

import yaml

DEMO = Path(__file__).parents[3] / "demo"


def load(path):
    [document] = yaml.safe_load_all((DEMO / path).read_text())
    return document


def test_before_and_after_differ_in_the_header_alone():
    before, after = load("before/virtual-service.yaml"), load("config/virtual-service.yaml")
    assert before != after
    [route] = after["spec"]["http"]
    assert route.pop("headerToDynamicSubsetKey") == [
        {"header": "model", "key": "modelmesh.asm.alibabacloud.com"}
    ]
    assert before == after


def test_the_gateway_the_service_and_the_rules_speak_of_the_same_things():
    gateway, service = load("config/gateway.yaml"), load("config/service.yaml")
    [route] = load("config/virtual-service.yaml")["spec"]["http"]
    rule = load("config/destination-rule.yaml")["spec"]
    transcoder = load("config/transcoder.yaml")["spec"]
    [server], [port] = gateway["spec"]["servers"], service["spec"]["ports"]
    [destination] = [item["destination"] for item in route["route"]]
    assert server["port"]["number"] == route["match"][0]["port"] == transcoder["portNumber"] == 8008
    assert transcoder["workloadSelector"]["labels"] == gateway["spec"]["selector"]
    assert destination["host"] == rule["host"] == service["metadata"]["name"]
    assert destination["port"]["number"] == port["port"]


def test_helloworld_has_the_stages_and_versions_of_the_guide():
    pods = load("helloworld/workloads.yaml")["items"]
    labels = [pod["metadata"]["labels"] for pod in pods]
    assert [(label["stage"], label["version"]) for label in labels] == [
        ("dev", "v1"),
        ("dev", "v2"),
        ("dev", "v3"),
        ("prod", "v2"),
        ("prod", "v3"),
    ]
    assert len({pod["status"]["podIP"] for pod in pods}) == 5
