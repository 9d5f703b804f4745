"""Values with a syntax of their own, as types for the models' fields."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Sized
from functools import lru_cache
from socket import AF_INET, inet_pton
from typing import Annotated, TypeVar

from pydantic import AfterValidator, PlainValidator, Strict

from straightway.api.checked import AnyCase, Checked, NotEmpty, Says
from straightway.api.codes import Code
from straightway.api.faults import wrong
from straightway.api.texts import quoted, shown

_Sized = TypeVar("_Sized", bound=Sized)

Bool = Annotated[bool, Strict()]
Int = Annotated[int, Strict()]


def none_as_empty_dict(value: object) -> object:
    """Read ``labels:`` without a value as no labels, as Kubernetes does."""
    return {} if value is None else value


def none_as_empty_list(value: object) -> object:
    """Read ``endpoints: null``, which Kubernetes itself prints, as no endpoints."""
    return () if value is None else value


def none_as_empty_str(value: object) -> object:
    """Read ``namespace:`` without a value as no namespace."""
    return "" if value is None else value


# --- Numbers ---------------------------------------------------------------------------------


def within(low: int, high: int, code: Code = Code.OUT_OF_RANGE, what: str = "") -> Checked:
    """Return the check that a number is between both bounds, inclusive."""
    what = what or "allowed here"

    def check(number: int) -> int:
        if low <= number <= high:
            return number
        raise wrong(code, f"{shown(number)} is not {what}: write a number from {low} to {high}.")

    return Checked(check, minimum=low, maximum=high)


Port = Annotated[Int, within(1, 65535, Code.INVALID_PORT, "a port")]
Count = Annotated[Int, within(0, 2**31 - 1)]
"""A count, which may be 0."""
Limit = Annotated[Count, AfterValidator(lambda limit: limit or None)]
"""A limit for which 0 means the default, as if it were not set (None)."""
Percent = Annotated[Int, within(0, 100, what="a percentage")]

# --- Names of hosts and addresses ------------------------------------------------------------

_LONGEST_HOST = 253
_LABEL = r"[a-zA-Z0-9](?:[-_a-zA-Z0-9]{0,61}[a-zA-Z0-9])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")
_WILDCARD = re.compile(rf"\*(?:-?{_LABEL})?(?:\.{_LABEL})*\.?")


def is_ip(value: str) -> bool:
    """Whether the text is an IPv4 or IPv6 address."""
    return len(value) <= _LONGEST_HOST and _is_ip(value)


@lru_cache(maxsize=1 << 16)  # Every endpoint's address is checked, again and again.
def _is_ip(value: str) -> bool:
    try:
        # Most are IPv4, which this tells in a tenth of the time.
        inet_pton(AF_INET, value)
    except (OSError, ValueError):
        return _is_any_ip(value)
    return True


def _is_any_ip(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True


def _check_host(value: str, what: str, pattern: re.Pattern[str], wildcard: str) -> str:
    if len(value) <= _LONGEST_HOST and (pattern.fullmatch(value) or is_ip(value)):
        return _canonical(value)
    if "://" in value:
        advice = "remove the scheme and write only the name"
    elif "*" in value:
        advice = wildcard
    elif value.rpartition(":")[2].isdecimal():
        advice = "remove the port, which has a field of its own"
    else:
        advice = "write a DNS name (letters, digits, hyphens, dots) or an IP address"
    raise wrong(Code.INVALID_HOST, f"{quoted(value)} is not {what}: {advice}.")


def _canonical(host: str) -> str:
    """Return the canonical form of a host: DNS ignores case and a trailing dot."""
    return host.lower().removesuffix(".")


def check_host(value: str) -> str:
    """Accept a DNS name or IP address without a wildcard; return it in lower case."""
    advice = "a wildcard is not allowed here; write a full name"
    return _check_host(value, "the name of a host", _NAME, advice)


def check_host_pattern(value: str) -> str:
    """Accept what :func:`check_host` does, or a wildcard as the first label or part of it."""
    if value[:1] == "*" and len(value) <= _LONGEST_HOST and _WILDCARD.fullmatch(value):
        return _canonical(value)
    advice = "a wildcard can only come first, as in *.example.com"
    return _check_host(value, "the name of a host", _NAME, advice)


def _check_gateway_host(value: str) -> str:
    namespace, slash, host = value.rpartition("/")
    if slash and namespace not in ("*", ".") and not re.fullmatch(_LABEL, namespace):
        message = (
            f"{quoted(value)} does not begin with a namespace: write namespace/host, ./host (this "
            "namespace) or */host (every namespace)."
        )
        raise wrong(Code.INVALID_HOST, message)
    return f"{namespace}{slash}{check_host_pattern(host)}"


def _check_network(value: str) -> str:
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        message = f"{quoted(value)} is neither an IP address nor a CIDR range such as 10.0.0.0/8."
        raise wrong(Code.INVALID_ADDRESS, message) from None
    return value


# A schema cannot tell an address from what looks like one; IPv4 addresses look like names.
_IPV6 = r"[0-9a-fA-F]*:[0-9a-fA-F]*:[0-9a-fA-F:.]*(?:%.+)?"
_ANY_PATTERN = rf"(?:{_NAME.pattern}|{_WILDCARD.pattern}|{_IPV6})"

Host = Annotated[
    str, Checked(check_host, maxLength=_LONGEST_HOST, pattern=rf"^(?:{_NAME.pattern}|{_IPV6})$")
]
HostPattern = Annotated[
    str, Checked(check_host_pattern, maxLength=_LONGEST_HOST, pattern=rf"^{_ANY_PATTERN}$")
]
GatewayHost = Annotated[
    str, Checked(_check_gateway_host, pattern=rf"^(?:(?:\*|\.|{_LABEL})?/)?{_ANY_PATTERN}$")
]
"""A host pattern, with or without ``namespace/`` before it."""
Network = Annotated[
    str, Checked(_check_network, pattern=rf"^(?:[0-9.]+|{_IPV6})(?:/[0-9a-fA-F:.]+)?$")
]

# --- Base64 ----------------------------------------------------------------------------------


_SPACE = re.compile(r"[\t\n\f\r ]+")


def _decode_base64(value: object) -> bytes:
    try:
        if isinstance(value, bytes):  # YAML's !!binary
            return value
        return base64.b64decode(_SPACE.sub("", str(value)), validate=True)
    except (binascii.Error, ValueError):
        message = "This is not base64: write the output of `base64 -w0 FILE`."
        raise wrong(Code.INVALID_BASE64, message) from None


Base64 = Annotated[
    bytes,
    PlainValidator(_decode_base64, json_schema_input_type=str),
    Says(pattern=r"^[A-Za-z0-9+/=\s]*$"),
]
"""Decoded when it is read."""

# --- Headers and paths -----------------------------------------------------------------------

_HEADER = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CONTROL = re.compile(r"[\x00-\x20\x7f]")
_AUTHORITY = re.compile(r"[^\x00-\x20\x7f%/\\]+")
_LONGEST_AUTHORITY = 1_024
_PSEUDO_HEADERS = frozenset({":authority", ":method", ":path", ":scheme"})


def check_header_name(value: str) -> str:
    """Accept an HTTP header's name (RFC 9110, section 5.1), or an HTTP/2 pseudo-header's."""
    if _HEADER.fullmatch(value) or value in _PSEUDO_HEADERS:
        return value
    message = (
        f"{quoted(value)} is not the name of a header: write letters, digits and hyphens, "
        "such as x-model."
    )
    raise wrong(Code.INVALID_HEADER_NAME, message)


def _check_path(value: str) -> str:
    if value.startswith("/") and not _CONTROL.search(value):
        return value
    message = f"{quoted(value)} is not a path: begin it with a slash, as in /v2/models."
    raise wrong(Code.INVALID_PATH, message)


def check_authority(value: str) -> str:
    """Accept the host of a request: a name, with or without a port.

    Envoy sends it literally, so a ``%COMMAND%`` in it is a mistake.
    """
    if value and len(value) <= _LONGEST_AUTHORITY and _AUTHORITY.fullmatch(value):
        return value
    message = f"{quoted(value)} cannot be a host: write a name, with or without a port."
    raise wrong(Code.INVALID_HOST, message)


def not_empty(advice: str) -> NotEmpty:
    """Return the check that a string, list or mapping is not empty."""

    def check(value: _Sized) -> _Sized:
        if value:
            return value
        raise wrong(Code.EMPTY_FIELD, f"This is empty: {advice}.")

    return NotEmpty(check)


HeaderName = Annotated[
    str,
    Checked(
        check_header_name, pattern=rf"^(?:{_HEADER.pattern}|{'|'.join(sorted(_PSEUDO_HEADERS))})$"
    ),
]
Authority = Annotated[
    str,
    Checked(check_authority, maxLength=_LONGEST_AUTHORITY, pattern=rf"^{_AUTHORITY.pattern}$"),
]
Path = Annotated[str, Checked(_check_path, pattern=r"^/[^\x00-\x20\x7f]*$")]


UpperCase = AnyCase(str.upper)
"""Reads ``http`` as ``HTTP``, as Istio does for protocols."""
