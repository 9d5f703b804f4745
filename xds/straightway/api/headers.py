"""What a route does to the headers of requests and responses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import AfterValidator, Field, PrivateAttr, ValidationInfo, model_validator

from straightway.api.codes import Code
from straightway.api.faults import Fault, raise_faults
from straightway.api.header_formats import format_mistakes
from straightway.api.model import Model
from straightway.api.texts import quoted
from straightway.api.values import HeaderName, check_authority

_LONGEST_VALUE = 16_384  # Envoy's HeaderValue.value, in bytes
_AUTHORITY = frozenset({"host", ":authority"})


def _is_immutable(name: str) -> bool:
    """Whether Envoy refuses to let a route change this header."""
    return name.startswith(":") or name.lower() == "host"


def _is_authority(name: str) -> bool:
    """Whether this header holds the host: ``Host`` in HTTP/1.1, ``:authority`` since HTTP/2."""
    return name.lower() in _AUTHORITY


def _immutable(name: str, at: str | int) -> Fault:
    advice = "to change the host, use rewrite.authority; to change the path, rewrite.uri"
    message = f"Envoy does not let a route change {name} this way, so it stays as it is: {advice}."
    return Fault(Code.IMMUTABLE_HEADER, message, (at,))


def _value_faults(name: str, value: str) -> Iterator[Fault]:
    if len(value.encode()) > _LONGEST_VALUE:
        message = f"Envoy takes at most {_LONGEST_VALUE:,} bytes: shorten this value."
        yield Fault(Code.OUT_OF_RANGE, message, (name,))
        return
    for mistake in format_mistakes(value):
        message = f"Envoy cannot send {quoted(value)}: {mistake}."
        yield Fault(Code.INVALID_HEADER_VALUE, message, (name,))
        return


def _check_values(headers: dict[str, str], info: ValidationInfo) -> dict[str, str]:
    raise_faults(_faults(headers), info, "headers")
    return {name: value for name, value in headers.items() if not _is_immutable(name)}


def _faults(headers: dict[str, str]) -> Iterator[Fault]:
    for name, value in headers.items():
        if _is_immutable(name):
            yield _immutable(name, name)
        else:
            yield from _value_faults(name, value)


def _check_request_values(headers: dict[str, str], info: ValidationInfo) -> dict[str, str]:
    authority = [name for name in headers if _is_authority(name)]
    rest = {name: value for name, value in headers.items() if name not in authority}
    raise_faults([*_authority_faults(headers, authority), *_faults(rest)], info, "headers")
    return {
        name: value
        for name, value in headers.items()
        if name in authority or not _is_immutable(name)
    }


def _authority_faults(headers: dict[str, str], names: list[str]) -> Iterator[Fault]:
    for name in names:
        try:
            check_authority(headers[name])
        except ValueError as error:
            yield Fault(Code.INVALID_HOST, str(error), (name,))
    for name in names[1:]:
        message = f"{names[0]} and {name} both set the request's host: remove one of them."
        yield Fault(Code.CONFLICTING_FIELDS, message, (name,))


def _check_names(names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
    immutable = (_immutable(name, index) for index, name in enumerate(names) if _is_immutable(name))
    raise_faults(immutable, info, "remove")
    return tuple(name for name in names if not _is_immutable(name))


class HeaderOperations(Model):
    """Changes to the headers of one direction; ``set`` replaces, ``add`` appends.

    Headers that Envoy does not allow to be changed (``:path``, ``Host``) are left out with a
    warning.
    """

    set: Annotated[dict[HeaderName, str], AfterValidator(_check_values)] = Field(
        default_factory=dict
    )
    """Header → value that replaces what it has."""
    add: Annotated[dict[HeaderName, str], AfterValidator(_check_values)] = Field(
        default_factory=dict
    )
    """Header → value that is added to what it has."""
    remove: Annotated[tuple[HeaderName, ...], AfterValidator(_check_names)] = ()
    """Headers to remove."""


class RequestHeaderOperations(HeaderOperations):
    """Changes to the headers of requests.

    As in Istio, ``set`` of ``Host`` or ``:authority`` (in any case) is a host rewrite, not a header
    operation: it is not in ``set`` but in :attr:`host_rewrite`. In ``add`` and ``remove`` both are
    immutable.
    """

    set: Annotated[dict[HeaderName, str], AfterValidator(_check_request_values)] = Field(
        default_factory=dict
    )
    """Header → value that replaces what it has; for `Host`, the request's new host."""
    _host_rewrite: str | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _take_host_out(self) -> Self:
        for name in [name for name in self.set if _is_authority(name)]:
            self._host_rewrite = self.set.pop(name)
        return self

    @property
    def host_rewrite(self) -> str | None:
        """The literal host of forwarded requests; None keeps the original.

        Istio's order: a route's own ``rewrite.authority`` or ``host_rewrite`` (only one of them is
        valid) takes precedence over that of its only destination. Envoy: ``host_rewrite_literal``.
        """
        return self._host_rewrite


class Headers(Model):
    """Changes to both directions."""

    request: RequestHeaderOperations = RequestHeaderOperations()
    """Changes to requests."""
    response: HeaderOperations = HeaderOperations()
    """Changes to responses."""
