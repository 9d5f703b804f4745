"""The objects in force: the winner among the claims to each name.

Works in steps, an object at a time. A mistake of our own at one object is contained: what was in
force for it stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from straightway.documents import Problem, Reference, Steps
from straightway.intake.claims import Claim, Place, Slot, counting
from straightway.intake.last_good import LastGood
from straightway.intake.mistakes import Mistakes
from straightway.intake.reading import place_of
from straightway.intake.step import Step
from straightway.intake.vanishing import Vanishing


class Objects:
    """All claims, the winner among those to each name, and what the next run needs of them.

    ``state`` records the good versions; None records nothing. ``grace`` is how long objects that
    vanish at once are held, in seconds.
    """

    def __init__(self, state: LastGood | None, grace: float, mistakes: Mistakes) -> None:
        self._state = state
        self._mistakes = mistakes
        self._vanishing = Vanishing(grace)
        self._claims: dict[Reference, list[Claim]] = {}
        # The winning claims: those with a good version, and those without.
        self._in_force: dict[Reference, Claim] = {}
        self._broken: dict[Reference, Claim] = {}

    # --- What is known ---

    def __contains__(self, reference: Reference) -> bool:
        """Whether an object is in force."""
        return reference in self._in_force

    def winner(self, reference: Reference) -> Claim | None:
        """Return the claim that counts for a name; None if there is none."""
        return self._in_force.get(reference) or self._broken.get(reference)

    def claims(self, reference: Reference) -> Sequence[Claim]:
        """Return all claims to a name, in no particular order."""
        return self._claims.get(reference, ())

    @property
    def due(self) -> float | None:
        """When held objects are to be released; None while nothing is held."""
        return self._vanishing.due

    @property
    def held_problems(self) -> tuple[Problem, ...]:
        """The problems of held objects."""
        return self._vanishing.problems

    # --- Changes ---

    def replace(
        self,
        place: Place,
        before: Mapping[Slot, Claim],
        after: Mapping[Slot, Claim],
        step: Step,
    ) -> None:
        """Replace the claims of a bundle; :meth:`decide` chooses among them."""
        if not before:
            for slot, claim in after.items():
                self._claims.setdefault(slot.reference, []).append(claim)
                step.touched[slot.reference] = None
            return
        step.left += [(place, slot) for slot in before if slot not in after]
        touched = {slot.reference: None for slot in before if before[slot] is not after.get(slot)}
        touched |= {slot.reference: None for slot in after if after[slot] is not before.get(slot)}
        claims: dict[Reference, list[Claim]] = {reference: [] for reference in touched}
        for slot, claim in after.items():
            if slot.reference in touched:
                claims[slot.reference].append(claim)
        for reference, own in claims.items():
            others = self._claims.pop(reference, ())
            if own := [*(claim for claim in others if claim.place != place), *own]:
                self._claims[reference] = own
        step.touched |= touched

    def release(self, step: Step, now: float) -> None:
        """Stop holding what was held for the grace time."""
        for reference in self._vanishing.expired(now):
            claim = self._in_force.pop(reference)
            step.changes[reference] = None
            step.left.append((claim.place, claim.slot))

    def decide(self, step: Step, now: float) -> Steps[None]:
        """Put the winners among the claims that a step has touched in force."""
        for reference in step.touched:
            try:
                self._decide(reference, step)
            except Exception:  # noqa: BLE001 (the edge of our own code: told with its cause)
                self._mistakes.tell("deciding failed, the object stays", object=str(reference))
            yield
        try:
            yield from self._let_go(step, now)
        except Exception:  # noqa: BLE001 (the edge of our own code: told with its cause)
            self._mistakes.tell("letting objects go failed, they stay")
        if self._state is not None:
            yield from self._record(self._state, step)
        while step.gone:
            # What is gone is freed bit by bit as well: it may be much.
            step.gone.popitem()
            yield

    def _decide(self, reference: Reference, step: Step) -> None:
        """Choose among the claims to a reference, and put the winner in force."""
        claims = self._claims.get(reference)
        served = self._in_force.get(reference)
        before = served or step.recalled.get(reference)
        if not claims:
            self._broken.pop(reference, None)
            if before is not None and reference not in self._vanishing:
                step.gone[reference] = before
            return
        step.places.update((claim.place, None) for claim in claims)
        claim = counting(claims)
        if claim.object is None and before is not None:
            # It was elsewhere before: moved, and broken on the way.
            claim.kept = before.version
        if claim.object is None:
            self._broken[reference] = claim
            return
        is_same = served is not None and _is_same(served, claim)
        self._broken.pop(reference, None)
        self._in_force[reference] = claim
        if served is None or reference in self._vanishing:
            self._vanishing.came(reference)
        if not is_same:
            step.changes[reference] = claim.object
        elif served is not claim:
            step.moved.append(reference)

    def _let_go(self, step: Step, now: float) -> Steps[None]:
        """Take objects that no bundle contains any more out of force, unless they are held."""
        served = [reference for reference in step.gone if reference in self._in_force]
        for reference in served:
            self._vanishing.went(reference)
            yield
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
            yield

    # --- For the next run ---

    def _record(self, state: LastGood, step: Step) -> Steps[None]:
        """Record the good versions for a later run."""
        for place, slot in step.left:
            if not self._has(place, slot):
                state.drop(place, slot)
            yield
        for reference in step.touched:
            held = [self._in_force[reference]] if reference in self._vanishing else []
            for claim in self._claims.get(reference, held):
                if not claim.document.is_durable:
                    continue
                if (version := claim.version) is not None:
                    state.put(claim.place, claim.slot, version.body)
                else:
                    state.drop(claim.place, claim.slot)
            yield

    def _has(self, place: Place, slot: Slot) -> bool:
        """Whether a slot is in its bundle, or gone and its object is held."""
        claims = self._claims.get(slot.reference, ())
        if any((claim.place, claim.slot) == (place, slot) for claim in claims):
            return True
        if slot.reference not in self._vanishing:
            return False
        claim = self._in_force[slot.reference]
        return (claim.place, claim.slot) == (place, slot)


def _is_same(one: Claim, other: Claim) -> bool:
    return one.object is other.object or one.object == other.object
