"""CustomResourceDefinitions as plain data, and as YAML."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import yaml
from pydantic import BaseModel

from straightway.api.kinds import KINDS
from straightway.schemas.docs import field_docs, model_doc
from straightway.schemas.openapi import schema_of
from straightway.schemas.resources import RESOURCES, Column
from straightway.schemas.status import STATUS

_HEADER = "# Made from the models in straightway.api by `straightway crds`; do not edit.\n"


def definitions() -> list[dict[str, Any]]:
    """Return the CRDs of all kinds, in the order of :data:`RESOURCES`."""
    return [definition(group, kind) for group, kind in RESOURCES]


def definition(group: str, kind: str) -> dict[str, Any]:
    """Return the CRD of one kind, ready to be applied."""
    resource = RESOURCES[group, kind]
    names: dict[str, Any] = {
        "kind": kind,
        "listKind": f"{kind}List",
        "plural": resource.plural,
        "singular": kind.lower(),
    }
    if resource.short_names:
        names["shortNames"] = list(resource.short_names)
    if resource.categories:
        names["categories"] = list(resource.categories)
    columns = [_column(each) for each in resource.columns]
    schema = _schema(group, kind)
    versions = [
        {
            "name": version,
            "served": True,
            "storage": index == 0,
            "schema": {"openAPIV3Schema": schema},
            "subresources": {"status": {}},
            "additionalPrinterColumns": columns,
        }
        for index, version in enumerate(resource.versions)
    ]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{resource.plural}.{group}",
            "labels": {"app.kubernetes.io/part-of": "straightway"},
        },
        "spec": {"group": group, "names": names, "scope": "Namespaced", "versions": versions},
    }


def to_yaml(definitions: Iterable[dict[str, Any]]) -> str:
    """Return CRDs as a stream of YAML documents."""
    return "---\n".join(
        _HEADER + yaml.dump(each, Dumper=_Dumper, sort_keys=False, width=100, allow_unicode=True)
        for each in definitions
    )


@cache
def _schema(group: str, kind: str) -> dict[str, Any]:
    model = KINDS[group, kind]
    spec = model.model_fields["spec"].annotation
    assert isinstance(spec, type)
    assert issubclass(spec, BaseModel)
    return {
        "description": model_doc(model),
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"description": "The API group and version.", "type": "string"},
            "kind": {"description": f"{kind}.", "type": "string"},
            "metadata": {"type": "object"},
            "spec": {"description": field_docs(model)["spec"], **schema_of(spec)},
            "status": STATUS,
        },
    }


def _column(column: Column) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": column.name,
        "type": column.type,
        "jsonPath": column.path,
        "description": column.description,
    }
    if column.priority:
        made["priority"] = column.priority
    return made


class _Dumper(yaml.SafeDumper):
    """Writes the same part again instead of referring to it, which kubectl could not merge."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write every value in full."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent the items of a list, as in other YAML here."""
        super().increase_indent(flow, indentless=False)
