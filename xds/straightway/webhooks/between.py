"""What would be wrong between an object under review and those in force."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from straightway.api import ApiObject
from straightway.catalog import Trial
from straightway.checks import check, has_check
from straightway.documents import Finding
from straightway.units import Call, Units, value_in

Advise: TypeAlias = Callable[[ApiObject], Iterable[Finding]]
"""Returns what is wrong between an object that may come into force and all others."""


def advice(units: Units, is_complete: Callable[[], bool]) -> Advise:
    """Return a function that checks objects against the catalog of ``units`` as it then is.

    Nothing is found before that catalog ``is_complete``: what is missing then may only not be read
    yet. Catalog and units stay as they are.
    """

    def advise(item: ApiObject) -> Iterable[Finding]:
        if not is_complete() or not has_check(item):
            return ()
        trial = Trial(units.catalog, item)
        found: tuple[Finding, ...] = value_in(trial, units, Call(check, (item.reference,)))
        return found

    return advise


def no_advice(_item: ApiObject) -> Iterable[Finding]:
    """Find nothing: for a control plane that knows no other objects."""
    return ()
