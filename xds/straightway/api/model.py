"""Base classes of all kinds: frozen, camelCase in YAML, snake_case in Python."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainValidator,
    ValidationInfo,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from straightway.api.codes import Code
from straightway.api.faults import Fault, raise_faults, warns, wrong


def camel(name: str) -> str:
    """Return the YAML name of a field: ``consecutive_5xx_errors`` → ``consecutive5xxErrors``."""
    return re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), name)


class Model(BaseModel):
    """Part of an Istio object: an unknown field is an error."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=camel,
        protected_namespaces=(),
        defer_build=True,
    )


class CheckedModel(Model):
    """A model with constraints between its fields."""

    def faults(self) -> Iterable[Fault]:
        """Yield everything that is wrong between the fields; they are valid one by one."""
        raise NotImplementedError

    @model_validator(mode="after")
    def _check(self, info: ValidationInfo) -> Self:
        raise_faults(self.faults(), info, type(self).__name__)
        return self


KUBERNETES = ConfigDict(extra="ignore", alias_generator=camel, defer_build=True)
"""For parts of core Kubernetes objects: unused fields are dropped.

They are slotted dataclasses, because there are many: an endpoint takes 200 bytes, a pydantic model
would take 2,000.
"""


def _nothing(_: object) -> None:
    """Read nothing."""


@dataclass(frozen=True, slots=True)
class Untranslated:
    """Marks a field that is valid in Istio and has no translation yet.

    ``instead`` says what happens without it; ``unless`` holds values that are equivalent to leaving
    the field out, as an empty list always is. ``read`` returns the field's value, for checks, from
    whatever is written; without it the value is always None.
    """

    instead: str
    unless: tuple[object, ...] = ()
    read: Callable[[object], object] = _nothing

    def __get_pydantic_core_schema__(
        self, source: type[Any], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Build the validator."""
        return core_schema.with_info_plain_validator_function(self._validate)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Say that anything may stand here, and is kept."""
        return {"x-kubernetes-preserve-unknown-fields": True}

    def _validate(self, value: object, info: ValidationInfo) -> object:
        if value not in (None, [], *self.unless) and warns(info):
            name = camel(info.field_name or "")
            message = f"{name} is valid but not translated yet: {self.instead}."
            raise wrong(Code.NOT_TRANSLATED_YET, message)
        return self.read(value)


def _discard(value: object) -> None:
    """Keep nothing of the value."""


Discarded = Annotated[None, PlainValidator(_discard)]
"""A field that other components write, such as ``status``."""
