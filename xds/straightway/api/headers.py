"""What a route does to the headers of requests and responses."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationError, ValidationInfo
from pydantic_core import InitErrorDetails

from straightway.api.codes import Code
from straightway.api.faults import Fault, raise_faults, warns
from straightway.api.model import Model
from straightway.api.values import HeaderName, quoted

# Envoy fills in %COMMAND(...):length% in values; a lone percent sign makes it reject the route.
_FORMATTED = re.compile(r"(?:[^%\x00\r\n]|%%|%[A-Z][A-Z0-9_]*(?:\([^)\x00\r\n]*\))?(?::\d+)?%)*")


def _is_immutable(name: str) -> bool:
    """Whether Envoy refuses to let a route change this header."""
    return name.startswith(":") or name.lower() == "host"


def _immutable(name: str) -> Fault:
    advice = "for the host use rewrite.authority, for the path rewrite.uri"
    message = f"Envoy lets no route change {name} this way, so it stays as it is: {advice}."
    return Fault(Code.IMMUTABLE_HEADER, message, (name,))


def _check_values(headers: dict[str, str], info: ValidationInfo) -> dict[str, str]:
    if not any(_is_immutable(name) or not _FORMATTED.fullmatch(headers[name]) for name in headers):
        return headers
    raise_faults(_value_faults(headers), info, "headers")
    return {name: value for name, value in headers.items() if not _is_immutable(name)}


def _value_faults(headers: dict[str, str]) -> list[Fault]:
    faults = [_immutable(name) for name in headers if _is_immutable(name)]
    for name, value in headers.items():
        if not _FORMATTED.fullmatch(value):
            message = (
                f"Envoy cannot send {quoted(value)}: write %% for a percent sign "
                "(%NAME% inserts a value), and no line breaks."
            )
            faults.append(Fault(Code.INVALID_HEADER_VALUE, message, (name,)))
    return faults


def _check_names(names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
    if not any(map(_is_immutable, names)):
        return names
    if warns(info):
        details = [
            InitErrorDetails(type=_immutable(name).error(), loc=(index,), input=name)
            for index, name in enumerate(names)
            if _is_immutable(name)
        ]
        raise ValidationError.from_exception_data("headers", details)
    return tuple(name for name in names if not _is_immutable(name))


Values = Annotated[dict[HeaderName, str], AfterValidator(_check_values)]


class HeaderOperations(Model):
    """Changes to the headers of one direction; ``set`` replaces, ``add`` appends.

    Headers that Envoy lets nobody change (``:path``, ``Host``) are not in here: they gave a
    warning.
    """

    set: Values = Field(default_factory=dict)
    add: Values = Field(default_factory=dict)
    remove: Annotated[tuple[HeaderName, ...], AfterValidator(_check_names)] = ()


class Headers(Model):
    """Changes to both directions."""

    request: HeaderOperations = HeaderOperations()
    response: HeaderOperations = HeaderOperations()
