"""What would be wrong between an object under review and those in force."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from straightway.api import ApiObject
from straightway.catalog import Catalog, Trial
from straightway.checks import check, has_check
from straightway.documents import Finding
from straightway.units import Call, Units

Advise: TypeAlias = Callable[[ApiObject], Iterable[Finding]]
"""Returns what is wrong between an object that may come into force and all others."""


def advice(catalog: Catalog, is_complete: Callable[[], bool]) -> Advise:
    """Return a function that checks objects against a catalog as it is at that moment.

    Nothing is found before the catalog ``is_complete``: what is missing then may only not be read
    yet. The catalog stays as it is.
    """

    def advise(item: ApiObject) -> Iterable[Finding]:
        if not is_complete() or not has_check(item):
            return ()
        found: tuple[Finding, ...] = Units(Trial(catalog, item)).get(Call(check, (item.reference,)))
        return found

    return advise


def no_advice(_item: ApiObject) -> Iterable[Finding]:
    """Find nothing: for a control plane that knows no other objects."""
    return ()
