"""Values of units in a trial: a catalog as it would be with one more object."""

from __future__ import annotations

from typing import Any

from straightway.catalog import Trial
from straightway.units.node import Call, Node
from straightway.units.reading import Reading
from straightway.units.units import Units


def value_in(trial: Trial, units: Units, call: Call) -> Any:
    """Return the value that a unit has in a trial of the catalog of ``units``.

    Values that are the same in both are not computed again, so the cost is that of the difference.
    Nothing is kept, and ``units`` stay as they are. Raises what the unit's function raises.
    """
    changed = trial.changed
    nodes: dict[Call, Node] = {}

    def use(call: Call) -> Node:
        node = nodes.get(call)
        if node is None:
            node = nodes[call] = _same(call) or _made(call)
        return node

    def _same(call: Call) -> Node | None:
        known = units.fresh(call)
        if known is None or any(not changed.isdisjoint(node.keys) for node in units.below(call)):
            return None
        return known

    def _made(call: Call) -> Node:
        node = Node(call)
        node.value = call.make(Reading(trial, use), *call.args)
        return node

    return use(call).get()
