"""Values of the charts: what they are, and which are refused."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.charts import CHARTS, CONTROL_PLANE, EVERYTHING, GATEWAY, HelmError, helm, render

BOTH = pytest.mark.parametrize("chart", [CONTROL_PLANE, GATEWAY])


def schema(chart: str) -> Any:
    return json.loads((CHARTS / chart / "values.schema.json").read_text())


def defaults(chart: str) -> Any:
    return yaml.safe_load((CHARTS / chart / "values.yaml").read_text())


@BOTH
def test_helm_finds_nothing_wrong(chart: str, tmp_path: Path) -> None:
    values = tmp_path / "values.yaml"
    values.write_text(yaml.safe_dump(dict(EVERYTHING[chart])))

    for options in ((), ("--values", str(values))):
        printed = helm("lint", "--strict", str(CHARTS / chart), *options)
        assert "0 chart(s) failed" in printed
        assert "[WARNING]" not in printed


def fields(
    node: Any, root: Any, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every field of a schema, with its path; those of a list's items after `[]`."""
    if "$ref" in node:
        target = root["definitions"][node["$ref"].rpartition("/")[2]]
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    yield path, node
    for name, child in node.get("properties", {}).items():
        yield from fields(child, root, (*path, name))
    if "items" in node:
        yield from fields(node["items"], root, (*path, "[]"))


@BOTH
def test_every_object_of_the_schema_is_closed_or_free_on_purpose(chart: str) -> None:
    root = schema(chart)
    free = {
        ".".join(path)
        for path, node in fields(root, root)
        if node.get("type") == "object" and "additionalProperties" not in node
    }

    # Parts of Kubernetes' API, which the API server checks.
    selectors = {"podSelector", "namespaceSelector", "ipBlock"}
    kubernetes = {"affinity", "tolerations.[]", "global"}
    unknown = {
        path
        for path in free - kubernetes
        if path.rpartition(".")[2] not in selectors and "matchExpressions" not in path
    }
    assert unknown == set()


@BOTH
def test_every_value_has_a_description_and_a_default(chart: str) -> None:
    root, values = schema(chart), defaults(chart)
    described = {path: node.get("description", "") for path, node in fields(root, root)}
    closed = [
        path
        for path, node in fields(root, root)
        if node.get("properties") and "[]" not in path and "namespaceSelector" not in path
    ]

    for path in closed:
        at = values
        for name in path:
            at = at[name]
        names = set(dict(fields(root, root))[path]["properties"]) - {"global"}
        if path and path[-1] == "resources":
            names = {"requests", "limits"}
        assert set(at) == names, path
        assert all(described[*path, name] for name in names if path[-1:] != ("resources",)), path


TYPOS = [
    (CONTROL_PLANE, {"replica": 3}, "additional properties 'replica' not allowed"),
    (CONTROL_PLANE, {"tls": {"secret": "x"}}, "at '/tls': additional properties 'secret'"),
    (CONTROL_PLANE, {"replicas": "3"}, "at '/replicas': got string, want integer"),
    (CONTROL_PLANE, {"logLevel": "verbose"}, "at '/logLevel': value must be one of 'debug'"),
    (CONTROL_PLANE, {"namespaces": ["Shop"]}, "at '/namespaces/0': 'Shop' does not match"),
    (CONTROL_PLANE, {"webhooks": {"validation": {"failurePolicy": "ignore"}}}, "one of 'Ignore'"),
    (CONTROL_PLANE, {"networkPolicy": {"proxies": [{"podSelektor": {}}]}}, "'podSelektor'"),
    (CONTROL_PLANE, {"xds": {"tokenAudience": ""}}, "No proxy could connect: set xds.token"),
    (GATEWAY, {"services": {}}, "additional properties 'services' not allowed"),
    (GATEWAY, {"drain": {"seconds": 0}}, "at '/drain/seconds': minimum: got 0, want 1"),
    (GATEWAY, {"service": {"type": "ExternalName"}}, "at '/service/type': value must be one of"),
    (GATEWAY, {"service": {"extraPorts": [{"port": 8008}]}}, "missing property 'name'"),
    (
        GATEWAY,
        {"service": {"extraPorts": [{"name": "low", "port": 81}]}},
        "service port low: set a targetPort of 1024 or more",
    ),
    (
        GATEWAY,
        {"service": {"extraPorts": [{"name": "mine", "port": 81, "targetPort": 15021}]}},
        "Envoy itself needs port 15021",
    ),
]


@pytest.mark.parametrize(("chart", "values", "message"), TYPOS, ids=lambda value: str(value)[:40])
def test_a_mistake_is_refused_with_its_place(chart: str, values: Any, message: str) -> None:
    with pytest.raises(HelmError, match=re.escape(message)):
        render(chart, values)


@BOTH
def test_as_a_part_of_another_chart_it_accepts_global_values(chart: str) -> None:
    assert render(chart, {"global": {"region": "eu"}}) == render(chart)
