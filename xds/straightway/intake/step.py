"""What one call of the intake touches on its way, and what results from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from straightway.api import ApiObject
from straightway.documents import Bundle, Owner, Problem, Reference
from straightway.intake.claims import Claim, Place, Slot
from straightway.intake.reading import Contents


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a step changes.

    ``changes`` maps a reference to the object now in force, or to None if it is gone. ``moved`` are
    the objects that are the same as before, but may be written at another place. ``passed_over``
    names the documents of unsupported kinds, each once. ``problems_changed`` holds the problems of
    each owner (usually a bundle) whose problems differ, for :meth:`ProblemStore.update`.
    """

    changes: Mapping[Reference, ApiObject | None]
    moved: tuple[Reference, ...] = ()
    passed_over: tuple[str, ...] = ()
    problems_changed: Mapping[Owner, tuple[Problem, ...]] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Incoming:
    """Bundles of a source that were or are being read, and what was read so far, in their order."""

    source: str
    bundles: tuple[Bundle, ...]
    read: list[tuple[Place, Contents]] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Step:
    """What one call has touched so far, in a fixed order.

    ``recalled`` are objects of an earlier run that no bundle contains; ``left`` are the slots that
    bundles no longer have; ``gone`` are objects to which there is no claim any more.
    """

    touched: dict[Reference, None] = field(default_factory=dict)
    places: dict[Place, None] = field(default_factory=dict)
    left: list[tuple[Place, Slot]] = field(default_factory=list)
    recalled: dict[Reference, Claim] = field(default_factory=dict)
    gone: dict[Reference, Claim] = field(default_factory=dict)
    changes: dict[Reference, ApiObject | None] = field(default_factory=dict)
    moved: list[Reference] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)
