"""Pydantic's errors in the words of someone who writes YAML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from straightway.api.codes import Code
from straightway.api.objects import ApiObject
from straightway.api.paths import Path
from straightway.api.suggestions import fields_at, suggestion
from straightway.api.values import one_of, quoted

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_CODES = frozenset(Code)

_EXPECTED = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "dataclass_type": "a mapping",
    "dict_type": "a mapping",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a smaller number",
    "int_type": "a whole number",
    "model_attributes_type": "a mapping",
    "model_type": "a mapping",
    "string_type": "text",
    "string_unicode": "text",
    "tuple_type": "a list",
}

_MOST_NAMES = 6


def describe(model: type[ApiObject], path: Path, error: ErrorDetails) -> tuple[Code, str]:
    """Return the code and the message for one error of a validation."""
    kind, given, context = error["type"], error["input"], error.get("ctx", {})
    field = next((part for part in reversed(path) if isinstance(part, str)), "object")
    if kind in _CODES:
        return Code(kind), context["message"]
    if kind == "missing":
        return Code.MISSING_FIELD, f"{field} is missing: write it, it cannot be left out."
    if kind == "extra_forbidden":
        return Code.UNKNOWN_FIELD, f"There is no field {field} here{suggestion(model, path)}"
    if kind in ("enum", "literal_error"):
        choices = re.sub(r"'([^']*)'", r"\1", str(context["expected"]))
        return Code.UNKNOWN_VALUE, f"{quoted(given)} is not a value of {field}: write {choices}."
    if kind in ("string_pattern_mismatch", "string_too_long"):
        return Code.INVALID_NAME, _name_message(field, given)
    if kind == "invalid_key":
        return Code.UNKNOWN_FIELD, "The name of a field is text: put it in quotes."
    if given is None:
        return Code.EMPTY_FIELD, f"{field} has no value: write one, or take the line out."
    if kind in _EXPECTED:
        return Code.WRONG_TYPE, _type_message(model, path, _EXPECTED[kind], given)
    return Code.INVALID_VALUE, f"{quoted(given)} cannot be used as {field}."


def _name_message(field: str, given: object) -> str:
    rule = (
        "small letters, digits, hyphens and dots"
        if field == "name"
        else ("small letters, digits and hyphens")
    )
    limit = 253 if field == "name" else 63
    return f"{quoted(given)} cannot be a {field}: use {rule}, {limit} characters at most."


def _type_message(model: type[ApiObject], path: Path, expected: str, given: object) -> str:
    last = path[-1] if path else "The object"
    subject = last if isinstance(last, str) else f"Item {last}"
    if expected == "a mapping" and not isinstance(given, list | tuple):
        fields = fields_at(model, path)
        names = one_of(*fields) if 0 < len(fields) <= _MOST_NAMES else "its fields"
        return f"{subject} must be a mapping: write {names} below it, further in."
    return f"{subject} must be {expected}{_advice(expected, given)}."


def _advice(expected: str, given: object) -> str:
    """Return what to write for the value that was given, where that is plain."""
    if expected == "text" and isinstance(given, bool):
        return f': put it in quotes, "{str(given).lower()}"'
    if expected == "text" and isinstance(given, int | float):
        return f': put it in quotes, "{given}"'
    if expected == "a whole number" and isinstance(given, str) and given.isdecimal():
        return f": write {quoted(given)} without the quotes"
    if expected == "true or false" and isinstance(given, str):
        return ", without quotes"
    if expected == "a list":
        return ': begin each item with "- "'
    if expected == "a mapping":
        return ', not a list: leave the "- " out'
    return ""
