"""Naming: which labels and annotations of workloads count, as a source is to know it.

What no object names, a source may keep to itself. So before a change is in force that names
another, the source is told, and its workloads are taken in first: nothing is ever decided by a
label that was kept back, above all not which proxy gets what.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from straightway.api import ApiObject
from straightway.catalog import Catalog, keys, label_names

Count = Callable[[frozenset[str]], Awaitable[None]]
"""Called with the names that count. When it returns, what counts now has been handed over."""


class Naming:
    """Tells a source which names count: those that the catalog's objects name."""

    def __init__(self, catalog: Catalog, count: Count) -> None:
        self._catalog = catalog
        self._count = count
        self._told: frozenset[str] | None = None

    async def grow(self, items: Iterable[ApiObject | None]) -> bool:
        """Have the names of objects counted that are next; return whether any is new.

        Before :meth:`agree` was called, everything counts.
        """
        if self._told is None:
            return False
        found = (label_names(item) for item in items if item is not None)
        names = self._told.union(*found)
        if names == self._told:
            return False
        await self._tell(names)
        return True

    async def agree(self) -> None:
        """Have the names counted that objects in force name, and no others."""
        names = self._catalog.values_at(keys.LABEL_NAMES)
        if names != self._told:
            await self._tell(names)

    async def _tell(self, names: frozenset[str]) -> None:
        self._told = names
        await self._count(names)
