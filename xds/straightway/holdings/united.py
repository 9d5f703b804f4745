"""United: what a workload holds by all that say so.

Two ModelDiscoveries may name one workload, and other sources may tell of it too. Its values are the
union; a source that says less takes back only what it said itself.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Final, NamedTuple, TypeAlias

from straightway.catalog import Observation
from straightway.documents import Reference

Source: TypeAlias = Hashable
"""Whoever tells: one of the runtimes of a pool, or what was pushed under one name."""
Observe: TypeAlias = Callable[[Reference, Mapping[str, Observation]], None]
"""Takes what a workload holds now, by subset key; {} for nothing known."""

_MOST_ORIGINS: Final = 3


class _Share(NamedTuple):
    """What one source says of a workload."""

    key: str
    observation: Observation


class United:
    """The values of workloads, each from one source or several.

    Changes are gathered until :meth:`flush`, which tells them to ``observe``: those that are no
    change of a workload's values are not told.
    """

    def __init__(self, observe: Observe) -> None:
        self._observe = observe
        self._shares: dict[Reference, dict[Source, _Share]] = {}
        self._told: dict[Reference, Mapping[str, Observation]] = {}
        self._changed: dict[Reference, None] = {}

    @property
    def is_changed(self) -> bool:
        """Whether there is anything to flush."""
        return bool(self._changed)

    def tell(self, source: Source, workload: Reference, key: str, held: Observation) -> None:
        """Take in what a source says that a workload holds for a key, in place of what it said."""
        shares = self._shares.setdefault(workload, {})
        before = shares.get(source)
        shares[source] = _Share(key, held)
        if before is None or before.key != key or before.observation.values != held.values:
            self._changed[workload] = None

    def withdraw(self, source: Source, workload: Reference) -> None:
        """Forget what a source said of a workload."""
        shares = self._shares.get(workload, {})
        if shares.pop(source, None) is not None:
            self._changed[workload] = None
        if not shares:
            self._shares.pop(workload, None)

    def flush(self) -> int:
        """Tell all changes; return of how many workloads."""
        told = 0
        while self._changed:
            workload = next(iter(self._changed))
            del self._changed[workload]
            held = _union(self._shares.get(workload, {}).values())
            if _values(held) != _values(self._told.get(workload, {})):
                told += 1
                if held:
                    self._told[workload] = held
                else:
                    self._told.pop(workload, None)
                self._observe(workload, held)
        return told

    def held(self, workload: Reference) -> dict[str, dict[str, list[str]]]:
        """Return the origins of what a workload holds, by subset key and value."""
        found: dict[str, dict[str, list[str]]] = {}
        for key, observation in self._shares.get(workload, {}).values():
            for value in observation.values:
                found.setdefault(key, {}).setdefault(value, []).append(observation.origin)
        return found


def _union(shares: Iterable[_Share]) -> dict[str, Observation]:
    """Return what some shares say together, of keys with any value."""
    by_key: dict[str, list[Observation]] = {}
    for key, observation in shares:
        if observation.values:
            by_key.setdefault(key, []).append(observation)
    return {key: _together(observations) for key, observations in sorted(by_key.items())}


def _together(observations: list[Observation]) -> Observation:
    if len(observations) == 1:
        return observations[0]
    values = {value for each in observations for value in each.values}
    origins = sorted({each.origin for each in observations})
    more = ["…"] if len(origins) > _MOST_ORIGINS else []
    return Observation(
        tuple(sorted(values)),
        max(each.at for each in observations),
        ", ".join(origins[:_MOST_ORIGINS] + more),
    )


def _values(held: Mapping[str, Observation]) -> dict[str, tuple[str, ...]]:
    return {key: observation.values for key, observation in held.items()}
