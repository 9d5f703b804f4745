"""Checks of single values, and what of them an OpenAPI schema can say.

The CRDs are made from the models (:mod:`straightway.schemas`), so a bound that a validator checks
is written once and appears in both. A schema may say less than the validator, never more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

Keywords = dict[str, Any]
"""Keywords of an OpenAPI schema, such as ``{"maxLength": 253}``."""

ANY_CASE = "x-any-case"
"""Marks an enumeration whose values may be written in any case; the generator resolves it."""
AT_LEAST = "x-at-least"
"""The shortest duration that a value may be; the generator resolves it."""


class Says:
    """States what the schema says of a value that something else checks."""

    def __init__(self, **keywords: Any) -> None:
        self.keywords: Keywords = keywords

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> Keywords:
        """Add the keywords to the schema of the type."""
        return {**handler(schema), **self.keywords}


class Checked(Says):
    """A check of one value, which returns it or raises; and what the schema says of it."""

    def __init__(self, check: Callable[[Any], Any], **keywords: Any) -> None:
        super().__init__(**keywords)
        self.check = check

    def __get_pydantic_core_schema__(
        self, source: type[Any], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Build the validator."""
        return core_schema.no_info_after_validator_function(self.check, handler(source))


class AnyCase(Says):
    """Reads an enumeration in the case of its values, whatever the case in which it is written."""

    def __init__(self, convert: Callable[[str], str]) -> None:
        super().__init__(**{ANY_CASE: True})
        self.convert = convert

    def __get_pydantic_core_schema__(
        self, source: type[Any], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Build the validator."""
        return core_schema.no_info_before_validator_function(self._read, handler(source))

    def _read(self, value: object) -> object:
        return self.convert(value) if isinstance(value, str) else value


_LEAST = {"string": "minLength", "array": "minItems", "object": "minProperties"}


class NotEmpty(Checked):
    """A check that a string, list or mapping is not empty."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> Keywords:
        """Say that it has at least one character, item or entry."""
        inner = handler(schema)
        return {**inner, _LEAST[inner["type"]]: 1}
