"""The meaning of unquoted YAML scalars, and the conversion of keys.

This follows ``sigs.k8s.io/yaml``, through which Kubernetes reads YAML: go-yaml v2, then JSON.

- ``yes``, ``no``, ``on``, ``off``, ``y`` and ``n`` are booleans, as in YAML 1.1;
- dates, and ``12:30`` (a number to base 60 in YAML 1.1), are strings;
- ``0o17`` and ``017`` are octal, ``1e3`` is a float, ``08`` is 8.0;
- keys are strings: ``8008: x`` has the key ``"8008"``, ``on: x`` the key ``"true"``.

One thing differs: ``.inf`` and ``.nan``, which Kubernetes refuses because JSON has no such numbers,
stay strings.
"""

from __future__ import annotations

import json
import math
import re

Scalar = bool | int | float | str | None

_WORDS: dict[str, str | bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "off", "Off", "OFF"), False),
}
_NUMBER_STARTS = frozenset("+-.0123456789")
_INTEGER = re.compile(r"[-+]?(?:0[bB][01]+|0[oO]?[0-7]+|0[xX][0-9a-fA-F]+|0|[1-9][0-9]{0,19})")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_INTEGER_RANGE = range(-(2**63), 2**64)

# Longer text is not a number: converting digits takes quadratic time.
_MAX_NUMBER_LENGTH = 400


def plain_scalar(text: str) -> Scalar:
    """Return the value of an unquoted scalar."""
    value = _WORDS.get(text, text)
    if value is text and text[0] in _NUMBER_STARTS and len(text) <= _MAX_NUMBER_LENGTH:
        return _number(text)
    return value


def canonical_text(value: Scalar) -> str:
    """Return the JSON text of a scalar; a string unchanged."""
    return value if isinstance(value, str) else json.dumps(value)


def key_text(value: object) -> str | None:
    """Return the JSON key for a value, or None if it cannot be a key."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return None


def _number(text: str) -> int | float | str:
    digits = text.replace("_", "")
    if _INTEGER.fullmatch(digits):
        # A leading zero means octal, as in C.
        unsigned = digits.lstrip("+-")
        octal = unsigned[0] == "0" and unsigned[1:].isdigit()
        number = int(digits, 8 if octal else 0)
        if number in _INTEGER_RANGE:
            return number
    if _FLOAT.fullmatch(digits):
        decimal = float(digits)
        if math.isfinite(decimal):
            return decimal
    return text
