"""From a model to a structural schema, the form of OpenAPI that an API server can prune by.

Every part has one type, and nothing is referred to
(https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/).
Nothing may be null, as in Istio's own CRDs. There are no defaults: an object is stored as it was
written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from straightway.api.checked import ANY_CASE, AT_LEAST
from straightway.schemas.docs import field_docs
from straightway.schemas.rules import OF_FIELDS, OF_MODELS, RULES, Rule

Schema = dict[str, Any]

_VALIDATIONS = "x-kubernetes-validations"
_DROPPED = frozenset({"title", "default", "propertyNames", "$defs"})
_ORDER = (
    "description",
    "type",
    "format",
    "required",
    "properties",
    "additionalProperties",
    "items",
)


def schema_of(model: type[BaseModel]) -> Schema:
    """Return the structural schema of a model."""
    made = model.model_json_schema(schema_generator=_Generator)
    return _structural(made, made.get("$defs", {}))


class _Generator(GenerateJsonSchema):
    """Adds to each model's schema what its validators check and its docstrings say."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        model: type[BaseModel] = schema["cls"]
        made = super().model_schema(schema)
        made.pop("description", None)
        made |= OF_MODELS.get(model, {})
        if model in RULES:
            made[_VALIDATIONS] = [_validation(rule) for rule in RULES[model]]
        docs = field_docs(model)
        for name, of_field in made.get("properties", {}).items():
            of_field |= OF_FIELDS.get((model, name), {})
            of_field["description"] = docs[name]
        return made


def _validation(rule: Rule) -> dict[str, str]:
    return {"rule": rule.condition, "message": rule.message}


def _structural(schema: Schema, definitions: Mapping[str, Schema]) -> Schema:
    """Return a schema without references, null and pydantic's own keywords, in a fixed order."""
    schema = _resolved(schema, definitions)
    out: Schema = {}
    for keyword, value in schema.items():
        match keyword:
            case "properties":
                out[keyword] = {
                    name: _structural(each, definitions) for name, each in value.items()
                }
            case "items":
                out[keyword] = _structural(value, definitions)
            case "additionalProperties" | "patternProperties":
                of_values = _values_of(keyword, value)
                if of_values is not None:
                    out["additionalProperties"] = _structural(of_values, definitions)
            case "const":
                out["enum"] = [value]
            case _ if keyword not in _DROPPED:
                out[keyword] = list(value) if keyword == "enum" else value
    return _ordered(_marked(out))


def _resolved(schema: Schema, definitions: Mapping[str, Schema]) -> Schema:
    """Follow references, and take the one of several types that is not null."""
    while True:
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            inner = {k: v for k, v in definitions[name].items() if k != "description"}
        elif "anyOf" in schema:
            [inner] = [each for each in schema["anyOf"] if each.get("type") != "null"]
        else:
            return schema
        schema = inner | {k: v for k, v in schema.items() if k not in ("$ref", "anyOf")}


def _values_of(keyword: str, value: Any) -> Schema | None:
    """Return the schema of a mapping's values. That of its keys cannot be said."""
    if keyword == "patternProperties":
        [of_values] = value.values()
        return dict(of_values)
    return dict(value) if isinstance(value, dict) else None


def _marked(schema: Schema) -> Schema:
    """Turn the models' own marks into keywords."""
    if schema.pop(ANY_CASE, False):
        schema["pattern"] = f"^(?i:{'|'.join(schema.pop('enum'))})$"
    shortest = schema.pop(AT_LEAST, None)
    if shortest is not None:
        rule = Rule(
            f"duration(self) >= duration('{shortest}')",
            f"This duration must be at least {shortest}.",
        )
        schema[_VALIDATIONS] = [_validation(rule)]
    return schema


def _ordered(schema: Schema) -> Schema:
    first = {keyword: schema[keyword] for keyword in _ORDER if keyword in schema}
    return first | {keyword: schema[keyword] for keyword in sorted(schema) if keyword not in first}
