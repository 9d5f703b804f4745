"""Model placement, and the next load or unload that keeps every model held by some runtime."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """Load a model on a runtime, or unload it."""

    load: bool
    model: str
    runtime: str


def spread(models: Sequence[str], runtimes: Sequence[str], room: int) -> dict[str, frozenset[str]]:
    """Place every model once, then fill all slots but one with second copies."""
    places = [runtime for _ in range(room) for runtime in runtimes][:-1]
    placement: dict[str, set[str]] = {runtime: set() for runtime in runtimes}
    for index, runtime in enumerate(places):
        placement[runtime].add(models[index % len(models)])
    return {runtime: frozenset(held) for runtime, held in placement.items()}


def next_change(
    placement: Mapping[str, frozenset[str]],
    models: Sequence[str],
    room: int,
    chooser: random.Random,
) -> Change:
    """Choose a change that keeps every model held and exceeds no runtime's capacity.

    ``placement`` lists the models that each runtime holds, ``room`` is the capacity of a runtime. A
    change exists as long as there are more slots than models.
    """
    copies = Counter(model for held in placement.values() for model in held)
    loads = [
        Change(True, model, runtime)
        for runtime, held in placement.items()
        for model in models
        if len(held) < room and model not in held
    ]
    unloads = [
        Change(False, model, runtime)
        for runtime, held in placement.items()
        for model in sorted(held)
        if copies[model] > 1
    ]
    return chooser.choice(chooser.choice([kind for kind in (loads, unloads) if kind]))
