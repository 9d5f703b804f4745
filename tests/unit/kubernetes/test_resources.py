"""What is kept of an object: all that the models read, and nothing that a status changes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from straightway.api.kinds import KINDS, VERSIONS
from straightway.api.model import camel
from straightway.kubernetes.resources import RESOURCES, Resource

BY_KIND = {(resource.group, resource.kind): resource for resource in RESOURCES}
CORE = [resource for resource in RESOURCES if resource.is_core]
Path = tuple[str, ...]
_TEXTS = {"apiVersion", "kind"}


def paths(model: Any) -> Iterator[Path]:
    """Yield the path of each field that a model reads; "[]" is an item of a list."""
    for name, annotation in _fields(model):
        yield from _below((name,), annotation)


def _fields(model: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(model, type) and issubclass(model, BaseModel):
        for name, info in model.model_fields.items():
            yield info.alias or camel(name), info.annotation
        return
    hints = get_type_hints(model, include_extras=True)
    for field in fields(model):
        named = [each for each in (*get_args(hints[field.name]), field.default) if _alias(each)]
        yield (_alias(named[0]) if named else camel(field.name)), hints[field.name]


def _alias(value: Any) -> str:
    return (value.alias or "") if isinstance(value, FieldInfo) else ""


def _below(path: Path, annotation: Any) -> Iterator[Path]:
    models = list(_models(annotation))
    if not models:
        yield path
    for model, is_item in models:
        for rest in paths(model):
            yield (*path, "[]", *rest) if is_item else (*path, *rest)


def _models(annotation: Any, *, is_item: bool = False) -> Iterator[tuple[Any, bool]]:
    """Yield the models in a type, with whether they are items of a list."""
    if isinstance(annotation, type) and (
        is_dataclass(annotation) or issubclass(annotation, BaseModel)
    ):
        yield annotation, is_item
    for part in get_args(annotation):
        yield from _models(part, is_item=is_item or get_origin(annotation) is tuple)


def with_(path: Path, value: Any) -> Any:
    """Return data that has a value at a path, and nothing else."""
    for name in reversed(path):
        value = [value] if name == "[]" else {name: value}
    return value


def at(body: Any, path: Path) -> Any:
    for name in path:
        body = body[0] if name == "[]" else body[name]
    return body


# Types as the server has them; all others are texts.
_VALUES: dict[str, Any] = {
    "port": 80,
    "containerPort": 80,
    "ready": True,
    "serving": True,
    "terminating": True,
    "labels": {"a": "b"},
    "annotations": {"a": "b"},
    "addresses": ["10.0.0.1"],
    "publishNotReadyAddresses": True,
    "selector": {"a": "b"},
}


def read_fields() -> Iterator[tuple[Resource, Path]]:
    for resource in CORE:
        for path in paths(KINDS[resource.group, resource.kind]):
            if path[-1] not in _TEXTS or len(path) > 1:
                yield resource, path


@pytest.mark.parametrize(
    ("resource", "path"),
    [pytest.param(each, path, id=f"{each.kind}-{'.'.join(path)}") for each, path in read_fields()],
)
def test_every_field_that_a_model_reads_is_kept(resource: Resource, path: Path) -> None:
    value = _VALUES.get(path[-1], "text")
    written = with_(path, value)
    if path[:2] == ("status", "conditions"):
        # Of a Pod's conditions, only this one is read.
        value = "Ready" if path[-1] == "type" else value
        written["status"]["conditions"] = [{"type": "Ready", path[-1]: value}]
    kept = resource.decode(json.dumps(written).encode())
    assert at(kept, path) == value


def test_the_models_are_looked_into() -> None:
    pod = set(paths(KINDS["", "Pod"]))
    assert ("status", "podIP") in pod
    assert ("spec", "containers", "[]", "ports", "[]", "containerPort") in pod
    assert ("metadata", "deletionTimestamp") in pod


def test_every_supported_kind_is_followed_in_its_supported_versions() -> None:
    # Secrets are followed one by one.
    assert {*BY_KIND, ("", "Secret")} == KINDS.keys()
    for (group, _), resource in BY_KIND.items():
        assert resource.versions == VERSIONS[group]


def test_nothing_else_is_kept_of_a_pod() -> None:
    pod = {
        "metadata": {"name": "a", "uid": "u", "managedFields": [{"manager": "kubelet"}]},
        "spec": {"nodeName": "n", "containers": [{"image": "i", "env": [], "ports": []}]},
        "status": {"phase": "Running", "podIP": "10.0.0.1", "hostIP": "10.1.0.1"},
    }
    assert BY_KIND["", "Pod"].decode(json.dumps(pod).encode()) == {
        "metadata": {"name": "a"},
        "spec": {"containers": [{"ports": []}]},
        "status": {"podIP": "10.0.0.1"},
    }


@pytest.mark.parametrize("resource", [each for each in RESOURCES if not each.is_core], ids=str)
def test_a_status_changes_nothing(resource: Resource) -> None:
    spec = {"anything": [1, None, {"x": "y"}]}
    owned: Any = {"f:spec": {"f:anything": {}}}
    before = body(spec, [{"manager": "kubectl", "time": "1", "fieldsV1": owned}])
    after = body(
        spec,
        [
            {"manager": "kubectl", "time": "2", "fieldsV1": owned},
            {"manager": "other", "subresource": "status", "fieldsV1": {"f:status": {}}},
        ],
        status={"conditions": [{"type": "Accepted"}]},
        finalizers=["x"],
    )
    assert kept(resource, after) == kept(resource, before)
    assert kept(resource, after)["spec"] == spec


def body(spec: Any, managed: list[Any], status: Any = None, **metadata: Any) -> dict[str, Any]:
    common = {"name": "a", "namespace": "shop", "generation": 1, "uid": "u"}
    return {
        "metadata": {**common, "managedFields": managed, **metadata},
        "spec": spec,
        **({"status": status} if status else {}),
    }


def kept(resource: Resource, body: Mapping[str, Any]) -> dict[str, Any]:
    return resource.decode(json.dumps(body).encode())


def test_who_owns_which_fields_of_the_spec_is_kept() -> None:
    rule = BY_KIND["networking.istio.io", "DestinationRule"]
    owned: Any = {"f:spec": {"f:trafficPolicy": {}}}
    managed = [
        {"manager": "a", "fieldsV1": {"f:metadata": {"f:labels": {}}, **owned}},
        {"manager": "b", "fieldsV1": {"f:metadata": {"f:annotations": {}}}},
        {"manager": "c"},
    ]
    assert kept(rule, body({}, managed))["metadata"]["managedFields"] == [{"fieldsV1": owned}]


def test_paths_and_names_are_those_of_the_api() -> None:
    pods, rules = BY_KIND["", "Pod"], BY_KIND["networking.istio.io", "DestinationRule"]
    assert pods.path("v1") == "/api/v1/pods"
    assert pods.path("v1", "shop") == "/api/v1/namespaces/shop/pods"
    assert rules.path("v1", "shop") == (
        "/apis/networking.istio.io/v1/namespaces/shop/destinationrules"
    )
    assert (pods.api_version("v1"), rules.api_version("v1")) == ("v1", "networking.istio.io/v1")
    assert (str(pods), str(rules)) == ("pods", "destinationrules.networking.istio.io")
