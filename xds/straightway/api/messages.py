"""Pydantic's errors, in the words of someone who writes YAML."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, TypeAlias

from straightway.api.codes import Code
from straightway.api.objects import ApiObject
from straightway.api.paths import Path
from straightway.api.suggestions import fields_at, suggestion
from straightway.api.texts import clipped, one_of, quoted, shown

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Written: TypeAlias = Callable[[Path], str | None]
"""Returns a scalar's text as it is written in the file (``1.10``, ``y``), or None if unknown."""

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

_CODES_OF_TYPES = {
    "missing": Code.MISSING_FIELD,
    "extra_forbidden": Code.UNKNOWN_FIELD,
    "invalid_key": Code.UNKNOWN_FIELD,
    "enum": Code.UNKNOWN_VALUE,
    "literal_error": Code.UNKNOWN_VALUE,
    "string_pattern_mismatch": Code.INVALID_NAME,
    "string_too_long": Code.INVALID_NAME,
}

_MOST_NAMES = 6
_LONGEST_MESSAGE = 1_000
_HUGE = 2.0**63


def code_of(error: ErrorDetails) -> Code:
    """Return the code for one error of a validation; this is cheap."""
    kind = error["type"]
    if kind in _CODES:
        return Code(kind)
    if kind in _CODES_OF_TYPES:
        return _CODES_OF_TYPES[kind]
    if error["input"] is None:
        return Code.EMPTY_FIELD
    return Code.WRONG_TYPE if kind in _EXPECTED else Code.INVALID_VALUE


def message_of(model: type[ApiObject], path: Path, error: ErrorDetails, written: Written) -> str:
    """Return the message for one error of a validation."""
    if error["type"] in _CODES:
        return clipped(error["ctx"]["message"], _LONGEST_MESSAGE)
    name = next((part for part in reversed(path) if isinstance(part, str)), "object")
    return _sentence(model, path, error, shown(name), written)


def _sentence(
    model: type[ApiObject], path: Path, error: ErrorDetails, field: str, written: Written
) -> str:
    given = error["input"]
    match code_of(error), error["type"]:
        case Code.MISSING_FIELD, _:
            return f"{field} is required: add it."
        case Code.UNKNOWN_FIELD, "invalid_key":
            return "The name of a field must be text: put it in quotes."
        case Code.UNKNOWN_FIELD, _:
            return f"There is no field {field} here{suggestion(model, path)}"
        case Code.UNKNOWN_VALUE, _:
            choices = re.sub(r"'([^']*)'", r"\1", str(error["ctx"]["expected"]))
            value = quoted(_as_written(given, path, written))
            return f"{value} is not a value of {field}: write {choices}."
        case Code.INVALID_NAME, _:
            return _name_message(field, given)
        case Code.EMPTY_FIELD, _:
            return f"{field} has no value: write one, or remove the line."
        case Code.WRONG_TYPE, kind:
            expected = _expected(kind, given)
            return _type_message(model, path, expected, _as_written(given, path, written))
        case _:
            return f"{quoted(_as_written(given, path, written))} cannot be used as {field}."


def _expected(kind: str, given: object) -> str:
    expected = _EXPECTED[kind]
    # A whole number of more than 64 bits is read as a float.
    is_huge = isinstance(given, float) and abs(given) >= _HUGE
    return "a smaller number" if is_huge and expected == "a whole number" else expected


class _Literal(str):
    """A scalar as its author wrote it, if YAML did not read it as text."""

    __slots__ = ()


def _as_written(given: object, path: Path, written: Written) -> object:
    """Return what the author wrote for a scalar other than text: ``1.10``, not 1.1."""
    if isinstance(given, bool | int | float | date):
        return _Literal(written(path) or shown(given))
    return given


def _name_message(field: str, given: object) -> str:
    characters = "lowercase letters, digits and hyphens"
    if field == "name":
        characters = "lowercase letters, digits, hyphens and dots"
    limit = 253 if field == "name" else 63
    return f"{quoted(given)} cannot be a {field}: use {characters}, at most {limit} characters."


def _type_message(model: type[ApiObject], path: Path, expected: str, given: object) -> str:
    last = path[-1] if path else "The object"
    subject = shown(last) if isinstance(last, str) else f"Item {shown(last)}"
    if expected == "a mapping" and not isinstance(given, list | tuple):
        fields = fields_at(model, path)
        names = one_of(*fields) if 0 < len(fields) <= _MOST_NAMES else "its fields"
        return f"{subject} must be a mapping: write {names} on indented lines below it."
    return f"{subject} must be {expected}{_advice(expected, given)}."


def _advice(expected: str, given: object) -> str:
    """Return what to write instead of the given value, if that is obvious."""
    if expected == "text" and isinstance(given, _Literal):
        return f": put it in quotes, {quoted(given)}"
    if expected == "a whole number" and type(given) is str and given.isdecimal():
        return f": write {quoted(given)} without the quotes"
    if expected == "true or false" and type(given) is str:
        return ", without quotes"
    if expected == "a list":
        return ': begin each item with "- "'
    if expected == "a mapping":
        return ', not a list: remove the "- "'
    return ""
