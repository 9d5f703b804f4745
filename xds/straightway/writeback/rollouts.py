"""Rollouts: what is on its way to the proxies, and what to say about it when.

A version of an object is rolled out from the moment at which it is in force until every proxy that
gets it has accepted it. Then it is concluded, and nothing more is said: proxies that connect later
get it with everything else, and a status for each of a thousand objects would have to be written
whenever one did. Only a rejection reopens it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from straightway.documents import Reference
from straightway.writeback.confirmations import Confirmations
from straightway.writeback.facts import Programming, Refusal

PATIENCE: Final = 2.0
"""For how many seconds nothing is said about a rollout: most are concluded by then."""
REPEAT: Final = 10.0
"""How often the progress of a slow one is said, in seconds."""

_BATCH: Final = 50

AudiencesOf = Callable[[Reference], Iterable[Hashable]]


@dataclass(slots=True)
class _Rollout:
    """``moment`` is that of the look after which it was in force, ``since`` the time of it.

    ``audiences`` None: not looked up since they may have changed.
    """

    moment: int
    since: float
    audiences: frozenset[Hashable] | None = None
    said: Programming | None = None
    said_at: float = 0.0


class Rollouts:
    """All rollouts that are not concluded. Times are in seconds of a monotonic clock.

    ``no_proxies_before`` is the time before which nobody is said to be without proxies: after a
    restart they need a while to come back.
    """

    def __init__(self) -> None:
        self.no_proxies_before = 0.0
        self._changed: dict[Reference, None] = {}
        self._rollouts: dict[Reference, _Rollout] = {}
        self._refusals: dict[Reference, dict[Hashable, Refusal]] = {}

    def __len__(self) -> int:
        return len(self._rollouts)

    def __contains__(self, reference: Reference) -> bool:
        return reference in self._rollouts or reference in self._changed

    @property
    def needs_looks(self) -> bool:
        """Whether some proxy has something yet to accept, or to stop rejecting."""
        return bool(self._refusals) or any(
            each.said is None or each.said.confirmed < each.said.proxies
            for each in self._rollouts.values()
        )

    def changed(self, references: Iterable[Reference]) -> None:
        """Note objects of which something else is in force, but not yet on its way.

        What proxies have of them until then is about the version before.
        """
        for reference in references:
            self.forget(reference)
            self._changed[reference] = None

    def published(self, moment: int, now: float) -> None:
        """Note that everything in force is on its way: ``moment`` is that of the last look."""
        for reference in self._changed:
            self._rollouts[reference] = _Rollout(moment, now)
        self._changed.clear()

    def forget(self, reference: Reference) -> None:
        """Forget an object that is not in force any more."""
        for each in (self._changed, self._rollouts, self._refusals):
            each.pop(reference, None)

    def clear(self) -> None:
        """Forget everything."""
        for each in (self._changed, self._rollouts, self._refusals):
            each.clear()

    def audiences_changed(self) -> None:
        """Note that other audiences may get an object now."""
        for each in self._rollouts.values():
            each.audiences = None

    def since(self, reference: Reference) -> int | None:
        """Return after which look an object was in force that is being rolled out."""
        found = self._rollouts.get(reference)
        return found.moment if found is not None else None

    # --- Rejections ---

    def refused(
        self, reference: Reference, key: Hashable, refusal: Refusal, moment: int, now: float
    ) -> None:
        """Note that a proxy rejects what an object is part of; ``key`` stands for it until then."""
        self._refusals.setdefault(reference, {})[key] = refusal
        self._rollouts.setdefault(reference, _Rollout(moment - 1, now))

    def withdraw(self, is_over: Callable[[Hashable], bool]) -> None:
        """Drop the rejections that are over: something else was accepted, or the proxy is gone."""
        for reference, by_key in list(self._refusals.items()):
            for key in [each for each in by_key if is_over(each)]:
                del by_key[key]
            if not by_key:
                del self._refusals[reference]

    # --- What is to be said ---

    def news(
        self, proxies: Confirmations, audiences_of: AudiencesOf, now: float
    ) -> Iterator[tuple[Reference, Programming] | None]:
        """Yield what is to be said now, and conclude what every proxy has.

        There may be many: it yields None now and then, for others to have their turn.
        """
        counts: dict[tuple[frozenset[Hashable], int], tuple[int, int]] = {}
        for number, (reference, rollout) in enumerate(list(self._rollouts.items())):
            if number and not number % _BATCH:
                yield None
            if self._rollouts.get(reference) is not rollout:
                continue
            if rollout.audiences is None:
                rollout.audiences = frozenset(audiences_of(reference))
            about = (rollout.audiences, rollout.moment + 1)
            if about not in counts:  # Most objects change together, and reach the same proxies.
                counts[about] = (proxies.proxies(about[0]), proxies.confirmed(*about))
            refusals = self._refusals.get(reference, {})
            found = Programming(*counts[about], tuple(sorted(set(refusals.values()))))
            if _is_concluded(found):
                del self._rollouts[reference]
                yield reference, found
            elif found != rollout.said and self._is_due(rollout, found, now):
                rollout.said, rollout.said_at = found, now
                yield reference, found

    def _is_due(self, rollout: _Rollout, found: Programming, now: float) -> bool:
        said = rollout.said
        if found.refusals and (said is None or not said.refusals):
            return True
        if not found.proxies and now < self.no_proxies_before:
            return False
        if said is None:
            return now >= rollout.since + PATIENCE
        return now >= rollout.said_at + REPEAT


def _is_concluded(found: Programming) -> bool:
    return found.proxies == found.confirmed > 0 and not found.refusals
