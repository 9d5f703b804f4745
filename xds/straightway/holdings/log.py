"""Logs transitions: the first of a kind in a pool at once, and a second later how many more.

A pool of a thousand runtimes that goes away is two lines.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from straightway.holdings.transitions import Change, Transition

_log = structlog.get_logger()
_SECONDS: Final = 1.0
_MOST_NAMES: Final = 5
_MOST_KINDS: Final = 1000

_EVENTS: Final = {
    Change.GAINED: "models gained",
    Change.LOST: "models lost",
    Change.LOADING: "models loading",
    Change.NOT_LOADED: "models not loaded",
    Change.FAILING: "runtime stopped answering",
    Change.ANSWERING: "runtime answers again",
    Change.RESTARTED: "runtime restarted",
    Change.STARTING: "runtime lists nothing yet",
    Change.STALE: "runtime went stale",
    Change.REPLACED: "another runtime answers",
    Change.LEFT_OUT: "names of a runtime left out",
}
_WARNINGS: Final = frozenset({Change.NOT_LOADED, Change.FAILING, Change.STALE, Change.LEFT_OUT})


@dataclass(slots=True)
class _Others:
    """The runtimes after the first at which the same happened."""

    change: Change
    pool: str
    runtimes: int = 0
    models: int = 0
    names: list[str] = field(default_factory=list)


class TransitionLog:
    """Logs a transition at once, and a second later how many more of its kind there were."""

    def __init__(self) -> None:
        self._others: dict[Hashable, _Others] = {}

    def told(self, transitions: Sequence[Transition]) -> None:
        """Log transitions, or count them."""
        for each in transitions:
            self._tell_one(each)

    def close(self) -> None:
        """Log what has been counted so far."""
        for kind in tuple(self._others):
            self._tell_others(kind)

    def _tell_one(self, each: Transition) -> None:
        kind = (each.pool, each.change)
        name = str(each.target)
        others = self._others.get(kind)
        if others is not None:
            others.runtimes += 1
            others.models += len(each.models)
            if len(others.names) < _MOST_NAMES:
                others.names.append(name)
            return
        pool = each.pool.namespaced_name
        facts: dict[str, Any] = {"pool": pool, "runtime": name}
        if each.models:
            facts["models"] = list(each.models[:_MOST_NAMES])
        if len(each.models) > _MOST_NAMES:
            facts["of"] = len(each.models)
        if each.reason:
            facts["reason"] = each.reason
        _log.log(_level(each.change), _EVENTS[each.change], **facts)
        if len(self._others) < _MOST_KINDS:
            self._others[kind] = _Others(each.change, pool)
            asyncio.get_running_loop().call_later(_SECONDS, self._tell_others, kind)

    def _tell_others(self, kind: Hashable) -> None:
        others = self._others.pop(kind, None)
        if others is not None and others.runtimes:
            _log.log(
                _level(others.change),
                f"{_EVENTS[others.change]}, at others too",
                pool=others.pool,
                runtimes=others.runtimes,
                models=others.models,
                such_as=others.names,
            )


def _level(change: Change) -> int:
    return logging.WARNING if change in _WARNINGS else logging.INFO
