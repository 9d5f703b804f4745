"""What a route does to the headers of requests and responses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo

from straightway.api.codes import Code
from straightway.api.faults import Fault, raise_faults
from straightway.api.header_formats import format_mistakes
from straightway.api.model import Model
from straightway.api.values import HeaderName, quoted

_LONGEST_VALUE = 16_384  # Envoy's HeaderValue.value, in bytes


def _is_immutable(name: str) -> bool:
    """Whether Envoy refuses to let a route change this header."""
    return name.startswith(":") or name.lower() == "host"


def _immutable(name: str, at: str | int) -> Fault:
    advice = "for the host use rewrite.authority, for the path rewrite.uri"
    message = f"Envoy lets no route change {name} this way, so it stays as it is: {advice}."
    return Fault(Code.IMMUTABLE_HEADER, message, (at,))


def _check_values(headers: dict[str, str], info: ValidationInfo) -> dict[str, str]:
    raise_faults(_value_faults(headers), info, "headers")
    return {name: value for name, value in headers.items() if not _is_immutable(name)}


def _value_faults(headers: dict[str, str]) -> Iterator[Fault]:
    for name, value in headers.items():
        if _is_immutable(name):
            yield _immutable(name, name)
            continue
        if len(value.encode()) > _LONGEST_VALUE:
            message = f"Envoy takes {_LONGEST_VALUE} bytes at most: shorten this value."
            yield Fault(Code.OUT_OF_RANGE, message, (name,))
        for mistake in format_mistakes(value):
            message = f"Envoy cannot send {quoted(value)}: {mistake}."
            yield Fault(Code.INVALID_HEADER_VALUE, message, (name,))


def _check_names(names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
    immutable = (_immutable(name, index) for index, name in enumerate(names) if _is_immutable(name))
    raise_faults(immutable, info, "remove")
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
