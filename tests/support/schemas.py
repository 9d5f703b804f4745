"""What an API server does with an object by the schema of its kind, except for CEL rules."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from straightway.schemas import RESOURCES, definition

ROOT = Path(__file__).parents[2]
Schema = dict[str, Any]

_KEPT = "x-kubernetes-preserve-unknown-fields"
OF_API_VERSION = {
    f"{group}/{version}": group
    for (group, _), resource in RESOURCES.items()
    for version in resource.versions
}


@cache
def schema_of(group: str, kind: str) -> Schema:
    """The schema of a kind; that of all its versions."""
    [schema, *others] = [
        version["schema"]["openAPIV3Schema"]
        for version in definition(group, kind)["spec"]["versions"]
    ]
    assert all(other == schema for other in others)
    return dict(schema)


def refusals(body: dict[str, Any]) -> list[str]:
    """Why an API server would refuse an object with strict validation; its CEL rules apart."""
    schema = schema_of(OF_API_VERSION[body["apiVersion"]], body["kind"])
    spec = {"spec": body["spec"]} if "spec" in body else {}
    errors = jsonschema.Draft4Validator(schema).iter_errors(spec)
    return [
        *(f"{error.json_path}: {error.message}" for error in errors),
        *(f"{path}: unknown" for path in unknown(schema, spec, "$")),
    ]


def unknown(schema: Schema, value: Any, path: str) -> Iterator[str]:
    """The fields that an API server would drop."""
    if schema.get(_KEPT):
        return
    if isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            yield from unknown(schema["items"], item, f"{path}[{index}]")
    if isinstance(value, dict) and schema.get("type") == "object":
        of_fields, of_values = schema.get("properties", {}), schema.get("additionalProperties")
        for name, item in value.items():
            if name in of_fields or of_values is not None:
                yield from unknown(of_fields.get(name, of_values), item, f"{path}.{name}")
            else:
                yield f"{path}.{name}"


def parts(schema: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    """Every part of a schema, with its path."""
    yield path or ".", schema
    for name, each in schema.get("properties", {}).items():
        yield from parts(each, f"{path}.{name}")
    for keyword, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if keyword in schema:
            yield from parts(schema[keyword], path + mark)


def specs_of_other_tests() -> list[tuple[str, Any]]:
    """The objects of the unit tests of problems: bad ones, and some that give a warning only."""
    found = []
    for file in sorted((ROOT / "tests/unit/api").glob("test_*_problems.py")):
        module = importlib.import_module(f"tests.unit.api.{file.stem}")
        for index, case in enumerate(getattr(module, "CASES", ())):
            kind, spec = getattr(case, "values", case)[:2]
            group = "istio.alibabacloud.com/v1beta1" if kind.startswith("ASM") else None
            body = {
                "apiVersion": group or "networking.istio.io/v1",
                "kind": kind,
                "metadata": {"name": "checkout"},
                "spec": yaml.safe_load(spec),
            }
            found.append((f"{file.stem.removeprefix('test_')}-{index}", body))
    return found


def objects_of_the_project() -> list[tuple[str, Any]]:
    """The objects of our kinds in all YAML of the golden tests and the tutorial, each once."""
    found: dict[str, Any] = {}
    for folder in (ROOT / "tests/golden", ROOT / "demo"):
        for file in sorted(folder.rglob("*.yaml")):
            if file.name in ("expected.yaml", "proxy.yaml"):
                continue
            for index, body in enumerate(_documents(file)):
                if isinstance(body, dict) and body.get("apiVersion") in OF_API_VERSION:
                    found[f"{file.relative_to(ROOT)}-{index}"] = body
    return list(found.items())


def _documents(file: Path) -> Iterator[Any]:
    for document in yaml.load_all(file.read_text(), yaml.CSafeLoader):
        if isinstance(document, dict) and str(document.get("kind")).endswith("List"):
            yield from document.get("items") or ()
        else:
            yield document
