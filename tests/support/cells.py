"""Numbers under names instead of objects, to try the engine of units without any config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from straightway.catalog import Catalog, Key
from straightway.units import Call, Units


class Cells(Catalog):
    """A catalog that holds a number under each name, or nothing."""

    def __init__(self, **numbers: int) -> None:
        super().__init__()
        self.numbers: dict[Key, int] = {}
        self.numbers.update(numbers.items())

    def values_at(self, key: Key) -> frozenset[Any]:
        """The number under a name, as a set."""
        return frozenset({self.numbers[key]}) if key in self.numbers else frozenset()

    def put(self, numbers: Mapping[str, int | None]) -> set[Key]:
        """Change numbers (None: take them out), and name those that differ."""
        changed = {name for name, number in numbers.items() if self.numbers.get(name) != number}
        for name, number in numbers.items():
            if number is None:
                self.numbers.pop(name, None)
            else:
                self.numbers[name] = number
        return set(changed)


class Engine:
    """Units over cells, with the mistakes that they told."""

    def __init__(self, **numbers: int) -> None:
        self.cells = Cells(**numbers)
        self.mistakes: list[Call] = []
        self.units = Units(self.cells, mistaken=lambda call, _mistake: self.mistakes.append(call))

    def put(self, **numbers: int | None) -> None:
        """Change numbers, and tell the units."""
        self.units.changed(self.cells.put(numbers))

    def made_by(self, *calls: Call) -> int:
        """How many units are made when these are asked for."""
        before = self.units.made
        with self.units.keeping():
            for call in calls:
                self.units.get(call)
        return self.units.made - before

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is remembered."""
        units = self.units
        return not (len(units) or units._readers or units._stale_held)
