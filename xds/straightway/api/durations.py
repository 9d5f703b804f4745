"""Durations, as Istio writes them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import PlainValidator

from straightway.api.checked import AT_LEAST, Checked, Says
from straightway.api.codes import Code
from straightway.api.faults import wrong
from straightway.api.texts import quoted, shown

_UNITS = {"h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000, "ms": 1_000, "us": 1, "µs": 1}
_DURATION = re.compile(r"(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:h|ms|m|s|us|µs))+")
_DURATION_PART = re.compile(r"([0-9.]+)(h|ms|m|s|us|µs)")
_LONGEST_DURATION = 64
_LONGEST = timedelta(days=36_500)
"""A hundred years: longer ones overflow Envoy's milliseconds or protobuf's Duration."""


def parse_duration(value: object) -> timedelta:
    """Read an Istio duration: ``1.5s``, ``100ms``, ``1h30m``.

    Raises: PydanticCustomError: if it is not a duration; the message says what to write.

    """
    if not isinstance(value, str):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        hint = f'"{shown(value)}s"' if number else '"2s"'
        message = f"A duration is a number with its unit, as text: write, for example, {hint}."
        raise wrong(Code.INVALID_DURATION, message)
    if value == "0":
        return timedelta()
    if len(value) > _LONGEST_DURATION or not _DURATION.fullmatch(value):
        hint = f"{value}s" if value.isdecimal() and len(value) < 10 else "2s"
        message = (
            f"{quoted(value)} is not a duration: write a number and a unit (h, m, s, ms), "
            f'such as "{hint}".'
        )
        raise wrong(Code.INVALID_DURATION, message)
    microseconds = sum(
        float(number) * _UNITS[unit] for number, unit in _DURATION_PART.findall(value)
    )
    if microseconds > _LONGEST // timedelta(microseconds=1):
        message = f"{quoted(value)} is too long: the limit is a hundred years (876000h)."
        raise wrong(Code.INVALID_DURATION, message)
    return timedelta(microseconds=round(microseconds))


def _not_zero(duration: timedelta) -> timedelta:
    if duration < timedelta(milliseconds=1):
        raise wrong(
            Code.INVALID_DURATION, 'This duration must be at least one millisecond ("1ms").'
        )
    return duration


Duration = Annotated[
    timedelta,
    PlainValidator(parse_duration, json_schema_input_type=str),
    Says(maxLength=_LONGEST_DURATION, pattern=rf"^(?:0|{_DURATION.pattern})$"),
]
"""Zero or longer."""
PositiveDuration = Annotated[Duration, Checked(_not_zero, **{AT_LEAST: "1ms"})]
"""One millisecond or longer, which is Envoy's resolution."""
