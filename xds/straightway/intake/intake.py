"""The intake: keeps the documents of every bundle, and decides which objects are in force.

- A bad version never takes the place of a good one: the last good version of its slot stays.
- Objects missing from a half-written bundle are kept; so are those missing from a bundle with a
  document that cannot be identified.
- Of several objects with one name the oldest wins (:mod:`straightway.intake.claims`), whatever
  their order of arrival.
- Objects that vanish at once are held (:mod:`straightway.intake.vanishing`).

With the :class:`LastGood` of an earlier run, the first bundles are compared with what that run
held, as if it had continued.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from straightway.api import ApiObject, generation_of
from straightway.api.paths import path_text
from straightway.documents import Bundle, Finding, Owner, Problem, Reference
from straightway.intake.claims import Claim, Place, Slot, counting
from straightway.intake.last_good import LastGood, restore
from straightway.intake.reading import BundleReader, Contents, place_of
from straightway.intake.vanishing import Vanishing
from straightway.intake.wording import (
    KEPT_UNREAD,
    NOTHING_IN_FORCE,
    problems_of,
    saying_of_bundle,
)

_VANISHED = Place("", "vanished")
"""Owns the problems of held objects."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a step changes.

    ``changes`` maps a reference to the object now in force, or to None if it is gone.
    ``passed_over`` names the documents of unsupported kinds, each once. ``problems_changed`` holds
    the problems of each owner (usually a bundle) whose problems differ, for
    :meth:`ProblemStore.update`.
    """

    changes: Mapping[Reference, ApiObject | None]
    passed_over: tuple[str, ...] = ()
    problems_changed: Mapping[Owner, tuple[Problem, ...]] = field(default_factory=dict)


@dataclass(slots=True)
class _Step:
    """What one call has touched so far.

    ``recalled`` are objects of an earlier run that no bundle contains; ``left`` are the slots that
    bundles no longer have.
    """

    touched: set[Reference] = field(default_factory=set)
    places: set[Place] = field(default_factory=set)
    left: list[tuple[Place, Slot]] = field(default_factory=list)
    recalled: dict[Reference, Claim] = field(default_factory=dict)
    gone: dict[Reference, Claim] = field(default_factory=dict)
    changes: dict[Reference, ApiObject | None] = field(default_factory=dict)
    passed_over: list[str] = field(default_factory=list)


class Intake:
    """Keeps the latest documents of every bundle and the objects that are in force.

    ``state`` holds the good versions of an earlier run and records this one's; without it nothing
    is served (as in ``validate``), and problems do not mention what is in force. ``grace`` is how
    long objects that vanish at once are held, in seconds; 0 for not at all.
    """

    def __init__(self, state: LastGood | None = None, grace: float = 30.0) -> None:
        self._state = state
        self._reader = BundleReader()
        self._vanishing = Vanishing(grace)
        self._contents: dict[Place, Contents] = {}
        self._claims: dict[Reference, list[Claim]] = {}
        # The winning claims: those with a good version, and those without.
        self._in_force: dict[Reference, Claim] = {}
        self._broken: dict[Reference, Claim] = {}
        self._problems: dict[Owner, tuple[Problem, ...]] = {}

    # --- What comes in ---

    def apply(self, source: str, bundles: Iterable[Bundle], now: float) -> Accepted:
        """Apply bundles of a source and return what changes.

        The cost is proportional to the bundles. ``now`` is in seconds of any monotonic clock.
        """
        step = _Step()
        for bundle in bundles:
            self._take(Place(source, bundle.key), bundle, step)
        return self._settle(step, now)

    def complete(self, source: str, now: float) -> Accepted:
        """Complete the first listing of a source: whatever it did not contain is gone."""
        step = _Step()
        for place in self._state.unseen(source) if self._state else ():
            stored = self._state.recall(place) if self._state else b""
            for claim in restore(place, stored):
                reference = claim.slot.reference
                if reference not in self._in_force:
                    step.recalled.setdefault(reference, claim)
                    step.touched.add(reference)
        return self._settle(step, now)

    @property
    def due(self) -> float | None:
        """When to call :meth:`expire`; None while nothing is held."""
        return self._vanishing.due

    def expire(self, now: float) -> Accepted:
        """Release vanished objects that have been held for the grace time."""
        step = _Step()
        for reference in self._vanishing.expired(now):
            claim = self._in_force.pop(reference)
            step.changes[reference] = None
            step.left.append((claim.place, claim.slot))
        return self._settle(step, now)

    # --- What is known ---

    @property
    def mistakes(self) -> int:
        """How many documents failed because of a bug."""
        return self._reader.mistakes

    def problems(self) -> list[Problem]:
        """Return all current problems of the documents, sorted by place."""
        return sorted(problem for problems in self._problems.values() for problem in problems)

    def problem(self, finding: Finding) -> Problem:
        """Return a finding between objects as a problem, with its place in the documents."""
        claim = self._counting(finding.subject)
        version = claim.version if claim else None
        return Problem(
            origin=place_of(claim.document.origin, finding.path) if claim else "",
            reference=finding.subject,
            generation=generation_of(version.body) if version else None,
            path=path_text(finding.path),
            code=finding.code,
            severity=finding.code.severity,
            message=finding.message,
        )

    def origin(self, reference: Reference) -> str:
        """Return where an object is written; empty if unknown."""
        claim = self._counting(reference)
        return place_of(claim.document.origin) if claim else ""

    @property
    def _serves(self) -> bool:
        return self._state is not None

    def _counting(self, reference: Reference) -> Claim | None:
        return self._in_force.get(reference) or self._broken.get(reference)

    # --- Bundles ---

    def _take(self, place: Place, bundle: Bundle, step: _Step) -> None:
        """Replace a bundle, except for what is kept of the old one."""
        earlier = self._contents.get(place)
        before = earlier.claims if earlier else {}
        contents = self._reader.read(place, bundle, before)
        keeps = not bundle.complete or contents.has_unidentified
        stored = self._state.recall(place) if self._state else b""
        if stored and (keeps or contents.has_broken):
            before = {claim.slot: claim for claim in restore(place, stored)}
        kept = _inherit(contents, before, keeps=keeps)
        said = KEPT_UNREAD if kept else NOTHING_IN_FORCE if keeps and self._serves else ""
        contents.problems = [saying_of_bundle(said, problem) for problem in contents.problems]
        self._replace(place, contents, earlier.claims if earlier else {}, step)
        named = earlier.passed_over if earlier else {}
        step.passed_over += [
            f"{origin}: {name}"
            for name, origin in contents.passed_over.items()
            if name not in named
        ]
        step.places.add(place)

    def _replace(
        self, place: Place, contents: Contents, before: Mapping[Slot, Claim], step: _Step
    ) -> None:
        after = contents.claims
        step.left += [(place, slot) for slot in before if slot not in after]
        touched = {slot.reference for slot in before if before[slot] is not after.get(slot)}
        touched |= {slot.reference for slot in after if after[slot] is not before.get(slot)}
        claims: dict[Reference, list[Claim]] = {reference: [] for reference in touched}
        for slot, claim in after.items():
            if slot.reference in touched:
                claims[slot.reference].append(claim)
        for reference, own in claims.items():
            others = self._claims.pop(reference, ())
            if own := [*(claim for claim in others if claim.place != place), *own]:
                self._claims[reference] = own
        if contents:
            self._contents[place] = contents
        else:
            self._contents.pop(place, None)
        step.touched |= touched

    # --- Objects ---

    def _settle(self, step: _Step, now: float) -> Accepted:
        for reference in sorted(step.touched):
            self._decide(reference, step)
        self._let_go(step, now)
        self._note(step)
        changed = {place: self._review(place) for place in sorted(step.places)}
        changed[_VANISHED] = self._vanishing.problems
        problems: dict[Owner, tuple[Problem, ...]] = {
            owner: found
            for owner, found in changed.items()
            if found != self._problems.get(owner, ())
        }
        for owner, found in problems.items():
            if found:
                self._problems[owner] = found
            else:
                del self._problems[owner]
        return Accepted(step.changes, tuple(step.passed_over), problems)

    def _decide(self, reference: Reference, step: _Step) -> None:
        """Choose among the claims to a reference, and put the winner in force."""
        claims = self._claims.get(reference)
        served = self._in_force.get(reference)
        before = served or step.recalled.get(reference)
        self._broken.pop(reference, None)
        if not claims:
            if before is not None and reference not in self._vanishing:
                step.gone[reference] = before
            return
        step.places.update(claim.place for claim in claims)
        claim = counting(claims)
        if claim.object is None and before is not None:
            # It was elsewhere before: moved, and broken on the way.
            claim.kept = before.version
        if claim.object is None:
            self._broken[reference] = claim
            return
        self._in_force[reference] = claim
        if served is None or reference in self._vanishing:
            self._vanishing.came(reference)
        if served is None or not _is_same(served, claim):
            step.changes[reference] = claim.object

    def _let_go(self, step: _Step, now: float) -> None:
        """Take objects that no bundle contains any more out of force, unless they are held."""
        served = [reference for reference in step.gone if reference in self._in_force]
        for reference in served:
            self._vanishing.went(reference)
        first = next(iter(step.gone.values()), None)
        origin = place_of(first.document.origin) if first else ""
        if self._vanishing.hold(step.gone.keys(), now, origin):
            for reference in step.gone.keys() - self._in_force.keys():
                step.changes[reference] = step.gone[reference].object
            self._in_force |= step.gone
            return
        for reference in served:
            del self._in_force[reference]
            step.changes[reference] = None

    def _note(self, step: _Step) -> None:
        """Record the good versions for a later run."""
        if self._state is None:
            return
        for place, slot in step.left:
            contents = self._contents.get(place)
            if (contents is None or slot not in contents.claims) and not self._holds(place, slot):
                self._state.drop(place, slot)
        for reference in step.touched:
            held = [self._in_force[reference]] if reference in self._vanishing else []
            for claim in self._claims.get(reference, held):
                if (version := claim.version) is not None:
                    self._state.put(claim.place, claim.slot, version.body)
                else:
                    self._state.drop(claim.place, claim.slot)

    def _holds(self, place: Place, slot: Slot) -> bool:
        """Whether a slot is gone and its object is held."""
        if slot.reference not in self._vanishing:
            return False
        claim = self._in_force[slot.reference]
        return (claim.place, claim.slot) == (place, slot)

    # --- Problems ---

    def _review(self, place: Place) -> tuple[Problem, ...]:
        contents = self._contents.get(place)
        if contents is None:
            return ()
        found = list(contents.problems)
        for claim in contents.claims.values():
            winner = self._counting(claim.slot.reference) or claim
            found += problems_of(claim, winner, serves=self._serves)
        return tuple(found)


def _inherit(contents: Contents, before: Mapping[Slot, Claim], *, keeps: bool) -> bool:
    """Give broken claims the last good version of their slot, and keep claims that must be kept.

    Return whether any claim was kept that the bundle no longer contains.
    """
    keeps_any = False
    for slot, claim in before.items():
        after = contents.claims.get(slot)
        if after is None:
            if keeps:
                contents.claims[slot] = claim
                keeps_any = True
        elif after is not claim and after.parsed.object is None:
            after.kept = claim.version
    return keeps_any


def _is_same(one: Claim, other: Claim) -> bool:
    return one.object is other.object or one.object == other.object
