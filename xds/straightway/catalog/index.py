"""An index: items in order under keys, kept up to date by what each item contributes."""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from straightway.catalog.keys import Key

Item = TypeVar("Item", bound=Hashable)


_FEW = 16
"""A share of a list: up to so much of it, items are inserted one by one."""


class Move(NamedTuple):
    """An item that moves from some keys to others."""

    item: Any
    before: frozenset[Key]
    after: frozenset[Key]


class Index(Generic[Item]):
    """Key → its items, sorted by ``order``."""

    def __init__(self, order: Callable[[Item], Any]) -> None:
        self._order = order
        self._items: dict[Key, tuple[Item, ...]] = {}

    def get(self, key: Key) -> tuple[Item, ...]:
        """Return the items under a key; empty if there are none."""
        return self._items.get(key, ())

    def move(self, moves: Iterable[Move]) -> set[Key]:
        """Move items, and return the keys whose lists have changed.

        The cost is that of the changed keys: a list that gains many items is sorted once, and one
        that gains a few is not.
        """
        gone: dict[Key, set[Item]] = {}
        come: dict[Key, list[Item]] = {}
        for item, before, after in moves:
            for key in before - after:
                gone.setdefault(key, set()).add(item)
            for key in after - before:
                come.setdefault(key, []).append(item)
        for key in gone.keys() | come.keys():
            left = gone.get(key, ())
            items = [item for item in self._items.get(key, ()) if item not in left]
            self._add(items, come.get(key, ()))
            if items:
                self._items[key] = tuple(items)
            else:
                self._items.pop(key, None)
        return gone.keys() | come.keys()

    def _add(self, items: list[Item], new: Sequence[Item]) -> None:
        """Add items to a sorted list."""
        if len(new) * _FEW > len(items):
            items += new
            items.sort(key=self._order)
            return
        for item in new:
            insort(items, item, key=self._order)


class Tally:
    """Sets of values under keys; each value is reference-counted by its contributors."""

    def __init__(self) -> None:
        self._counts: dict[Key, Counter[Any]] = {}
        self._sets: dict[Key, frozenset[Any]] = {}

    def get(self, key: Key) -> frozenset[Any]:
        """Return the values under a key."""
        found = self._sets.get(key)
        if found is None:
            found = self._sets[key] = frozenset(self._counts.get(key, ()))
        return found

    def counts(self, key: Key) -> Mapping[Any, int]:
        """Return the values under a key, each with the number of its contributors."""
        return self._counts.get(key, {})

    def count(
        self, before: Iterable[tuple[Key, Any]], after: Iterable[tuple[Key, Any]]
    ) -> set[Key]:
        """Remove and add values; return the keys whose sets have changed."""
        steps: Counter[tuple[Key, Any]] = Counter(after)
        steps.subtract(Counter(before))
        changed: set[Key] = set()
        for (key, value), step in steps.items():
            if not step:
                continue
            counts = self._counts.setdefault(key, Counter())
            was = counts[value]
            counts[value] = was + step
            if not counts[value]:
                del counts[value]
            if not counts:
                del self._counts[key]
            if not was or not was + step:
                changed.add(key)
                self._sets.pop(key, None)
        return changed
