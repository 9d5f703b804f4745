"""An intake as its user sees it: what is in force after all changes so far, and the problems."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json

from straightway.api import ApiObject
from straightway.documents import Bundle, Problem, ProblemStore, Reference, at_once
from straightway.intake import Accepted, Intake, LastGood, Place
from straightway.intake.last_good import Record
from straightway.state.journal import encode


class Served:
    """Adds up what an intake says. Times are in seconds and begin at 0."""

    def __init__(self, stored: Mapping[Place, bytes] | None = None, grace: float = 0.0) -> None:
        self.state = LastGood(stored)
        self.intake = Intake(self.state, grace)
        self.objects: dict[Reference, ApiObject] = {}
        self.problems = ProblemStore()

    def apply(self, *bundles: Bundle, source: str = "folder", now: float = 0.0) -> Accepted:
        return self._add(self.intake.apply(source, bundles, now))

    def complete(self, source: str = "folder", now: float = 0.0) -> Accepted:
        return self._add(at_once(self.intake.complete(source, now)))

    def expire(self, now: float) -> Accepted:
        return self._add(at_once(self.intake.expire(now)))

    def restarted(self, *bundles: Bundle, grace: float = 0.0) -> Served:
        """Another run with what this one leaves, and with a first listing."""
        served = Served(self.stored(), grace)
        served.apply(*bundles)
        served.complete()
        return served

    def stored(self) -> dict[Place, bytes]:
        """What a run after this one finds."""
        return {
            place: encoded for place, encoded in map(_encoded, self.state.everything()) if encoded
        }

    @property
    def versions(self) -> dict[Place, dict[str, Any]]:
        """What a run after this one finds, by bundle and by name."""
        return {
            place: {str(name): body for *name, body in from_json(encoded)}
            for place, encoded in self.stored().items()
        }

    @property
    def names(self) -> set[str]:
        """What is in force, as people write it."""
        return {str(reference) for reference in self.objects}

    @property
    def standing(self) -> list[Problem]:
        """The problems that stand; those that the intake knows are the same."""
        assert self.problems.standing == sorted(set(self.intake.problems()))
        return self.problems.standing

    @property
    def codes(self) -> set[str]:
        return {problem.code for problem in self.standing}

    def _add(self, accepted: Accepted) -> Accepted:
        for reference, item in accepted.changes.items():
            if item is None:
                del self.objects[reference]  # Only what was in force can go.
            else:
                assert self.objects.get(reference) != item
                self.objects[reference] = item
        self.problems.update(accepted.problems_changed)
        return accepted


def _encoded(record: Record) -> tuple[Place, bytes]:
    place, versions = record
    return place, versions if isinstance(versions, bytes) else encode(versions)[0]
