"""Lists of hosts and names: their length, and repeated items."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import AfterValidator, ValidationInfo

from straightway.api.checked import Checked
from straightway.api.codes import Code
from straightway.api.faults import Fault, raise_faults, wrong
from straightway.api.texts import quoted

MOST_HOSTS = 1_000
"""The most hosts in one list. Each is compared with every host of related objects."""


def _check_number(items: tuple[str, ...]) -> tuple[str, ...]:
    if len(items) <= MOST_HOSTS:
        return items
    message = (
        f"This list has {len(items):,} entries, and at most {MOST_HOSTS:,} are allowed: split the "
        "object, or write wildcards."
    )
    raise wrong(Code.OBJECT_TOO_LARGE, message)


def _without_repeats(items: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
    distinct = dict.fromkeys(items)
    if len(distinct) < len(items):
        raise_faults(_repeats(items), info, info.field_name or "items")
    return tuple(distinct)


def _repeats(items: tuple[str, ...]) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, item in enumerate(items):
        if item in seen:
            message = f"{quoted(item)} is already in this list, so it counts once: remove it here."
            yield Fault(Code.REPEATED_VALUE, message, (index,))
        seen.add(item)


AtMostHosts = Checked(_check_number, maxItems=MOST_HOSTS)
"""Limits a list whose items are compared with those of other objects."""
WithoutRepeats = AfterValidator(_without_repeats)
"""Keeps the first of equal items, with a warning for each other one."""
