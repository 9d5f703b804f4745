"""The intake: keeps the documents of every bundle, and decides which objects are in force.

- A bad version never takes the place of a good one: the last good version of its slot stays.
- Objects missing from a half-written bundle are kept; so are those missing from a bundle with a
  document that cannot be identified.
- Of several objects with one name the oldest wins (:mod:`straightway.intake.claims`), whatever
  their order of arrival.
- Objects that vanish at once are held (:mod:`straightway.intake.vanishing`).

With the :class:`LastGood` of an earlier run, the first bundles are compared with what that run
held, as if it had continued.

Everything is done in steps (:class:`~straightway.documents.Steps`). Bundles are read first: that is
most of the work, and changes nothing yet, so other bundles may be applied meanwhile. Then they are
settled: that changes what is in force, and until its last step nothing else may be settled. A
mistake of our own is contained in the bundle or object that it concerns: what it held stays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from straightway.api import generation_of
from straightway.api.annotations import written_path
from straightway.api.paths import path_text
from straightway.documents import (
    Bundle,
    Finding,
    Owner,
    Problem,
    Reference,
    Steps,
    at_once,
)
from straightway.intake.claims import Claim, Place, Slot
from straightway.intake.last_good import LastGood, restore
from straightway.intake.mistakes import Mistakes
from straightway.intake.objects import Objects
from straightway.intake.reading import BundleReader, Contents, not_read, place_of
from straightway.intake.standing import Standing
from straightway.intake.step import Accepted, Incoming, Step
from straightway.intake.wording import (
    KEPT_UNREAD,
    NOTHING_IN_FORCE,
    problems_of,
    saying_of_bundle,
)

_VANISHED = Place("", "vanished")
"""Owns the problems of held objects."""
_BATCH = 64
"""How many objects are reviewed in one step."""


class Intake:
    """Keeps the latest documents of every bundle and the objects that are in force.

    ``state`` holds the good versions of an earlier run and records this one's; without it nothing
    is served (as in ``validate``), and problems do not mention what is in force. ``grace`` is how
    long objects that vanish at once are held, in seconds; 0 for not at all. Times are in seconds of
    any monotonic clock.
    """

    def __init__(self, state: LastGood | None = None, grace: float = 30.0) -> None:
        self._state = state
        self._mistakes = Mistakes()
        self._reader = BundleReader(self._mistakes)
        self._objects = Objects(state, grace, self._mistakes)
        self._contents: dict[Place, Contents] = {}
        self._problems: dict[Owner, tuple[Problem, ...]] = {}

    # --- What comes in ---

    def apply(self, source: str, bundles: Iterable[Bundle], now: float) -> Accepted:
        """Apply bundles of a source and return what changes.

        The cost is proportional to the bundles.
        """
        incoming = Incoming(source, tuple(bundles))
        at_once(self.read(incoming))
        return at_once(self.settle(incoming, now))

    def read(self, incoming: Incoming) -> Steps[None]:
        """Read bundles, for :meth:`settle`. No other bundle with one of their keys may come first.

        The cost is proportional to the bundles.
        """
        read: dict[Place, Contents] = {}
        for bundle in incoming.bundles:
            place = Place(incoming.source, bundle.key)
            earlier = read.get(place) or self._contents.get(place)
            try:
                contents = yield from self._read(place, bundle, earlier)
            except Exception as error:  # noqa: BLE001 (the edge of our own code: told with its cause)
                self._mistakes.tell("reading failed, what the bundle held stays", bundle=place.key)
                contents = not_read(place, earlier or self._left(place), error)
            read[place] = contents
            incoming.read.append((place, contents))
            yield

    def settle(self, incoming: Incoming, now: float) -> Steps[Accepted]:
        """Put in force what was read, and return what changes."""
        step = Step()
        for place, contents in incoming.read:
            self._replace(place, contents, step)
            yield
        return (yield from self._settle(step, now))

    def complete(self, source: str, now: float) -> Steps[Accepted]:
        """Complete the first listing of a source: whatever it did not contain is gone."""
        step = Step()
        for place in self._state.unseen(source) if self._state else ():
            for claim in restore(place, self._recalled(place)):
                reference = claim.slot.reference
                if reference not in self._objects:
                    step.recalled.setdefault(reference, claim)
                    step.touched[reference] = None
                yield
        return (yield from self._settle(step, now))

    @property
    def due(self) -> float | None:
        """When to call :meth:`expire`; None while nothing is held."""
        return self._objects.due

    def expire(self, now: float) -> Steps[Accepted]:
        """Release vanished objects that have been held for the grace time."""
        step = Step()
        self._objects.release(step, now)
        return (yield from self._settle(step, now))

    # --- What is known ---

    @property
    def mistakes(self) -> int:
        """How many mistakes of our own were contained."""
        return self._mistakes.count

    def problems(self) -> list[Problem]:
        """Return all current problems of the documents, sorted by place."""
        return sorted(problem for problems in self._problems.values() for problem in problems)

    def problem(self, finding: Finding) -> Problem:
        """Return a finding between objects as a problem, with its place in the documents."""
        claim = self._objects.winner(finding.subject)
        version = claim.version if claim else None
        path = written_path(version.object, version.body, finding.path) if version else finding.path
        return Problem(
            origin=place_of(claim.document.origin, path) if claim else "",
            reference=finding.subject,
            generation=generation_of(version.body) if version else None,
            path=path_text(path),
            code=finding.code,
            severity=finding.code.severity,
            message=finding.message,
        )

    def origin(self, reference: Reference) -> str:
        """Return where an object is written; empty if unknown."""
        claim = self._objects.winner(reference)
        return place_of(claim.document.origin) if claim else ""

    def standing(self, reference: Reference, source: str) -> Standing | None:
        """Return what is known of an object as a source has it; None if the source has none."""
        claims = self._objects.claims(reference)
        claim = next((each for each in claims if each.place.source == source), None)
        if claim is None:
            return None
        winner = self._objects.winner(reference)
        version = claim.version if claim is winner else None
        return Standing(
            # Not every body is kept once it was read.
            api_version=str(
                claim.document.body.get("apiVersion")
                or (claim.object.api_version if claim.object is not None else "")
            ),
            generation=generation_of(claim.document.body),
            serving=generation_of(version.body) if version is not None else None,
            serves=version is not None,
        )

    def standing_of(self, source: str) -> list[Reference]:
        """Return the objects that a source has, right or wrong, in no particular order."""
        return [
            slot.reference
            for place, contents in self._contents.items()
            if place.source == source
            for slot in contents.claims
        ]

    def held_by(self, source: str, key: str) -> Collection[Slot]:
        """Return what a bundle holds, as it was settled last."""
        contents = self._contents.get(Place(source, key))
        return contents.claims.keys() if contents else ()

    def left_by_earlier_run(self, source: str) -> int:
        """Return how many bundles of a source an earlier run left that did not come yet."""
        return len(self._state.unseen(source)) if self._state else 0

    @property
    def _serves(self) -> bool:
        return self._state is not None

    # --- Bundles ---

    def _read(self, place: Place, bundle: Bundle, earlier: Contents | None) -> Steps[Contents]:
        """Read a bundle, with what is kept of what it held before."""
        before: Mapping[Slot, Claim] = earlier.claims if earlier else {}
        contents = yield from self._reader.read(place, bundle, before)
        keeps = not bundle.complete or contents.has_unidentified
        stored = self._recalled(place)
        if stored and (keeps or contents.has_broken):
            recalled: dict[Slot, Claim] = {}
            for claim in restore(place, stored):
                recalled[claim.slot] = claim
                yield
            before = recalled
        kept = _inherit(contents, before, keeps=keeps)
        said = KEPT_UNREAD if kept else NOTHING_IN_FORCE if keeps and self._serves else ""
        contents.problems = [saying_of_bundle(said, problem) for problem in contents.problems]
        return contents

    def _recalled(self, place: Place) -> bytes:
        """Return what an earlier run left of a bundle, once."""
        return self._state.recall(place) if self._state else b""

    def _left(self, place: Place) -> Contents:
        """Return what an earlier run left of a bundle."""
        return Contents({claim.slot: claim for claim in restore(place, self._recalled(place))})

    def _replace(self, place: Place, contents: Contents, step: Step) -> None:
        """Replace a bundle."""
        earlier = self._contents.get(place)
        self._objects.replace(place, earlier.claims if earlier else {}, contents.claims, step)
        if contents:
            self._contents[place] = contents
        else:
            self._contents.pop(place, None)
        named = earlier.passed_over if earlier else {}
        step.passed_over += [
            f"{origin}: {name}"
            for name, origin in contents.passed_over.items()
            if name not in named
        ]
        step.places[place] = None

    # --- What results ---

    def _settle(self, step: Step, now: float) -> Steps[Accepted]:
        yield from self._objects.decide(step, now)
        changed: dict[Owner, tuple[Problem, ...]] = {}
        for place in step.places:
            try:
                changed[place] = yield from self._review(place)
            except Exception:  # noqa: BLE001 (the edge of our own code: told with its cause)
                self._mistakes.tell("reviewing failed, its problems stay", bundle=place.key)
            yield
        changed[_VANISHED] = self._objects.held_problems
        problems = {
            owner: found
            for owner, found in changed.items()
            if found != self._problems.get(owner, ())
        }
        for owner, found in problems.items():
            if found:
                self._problems[owner] = found
            else:
                del self._problems[owner]
        return Accepted(step.changes, tuple(step.moved), tuple(step.passed_over), problems)

    def _review(self, place: Place) -> Steps[tuple[Problem, ...]]:
        """Return the problems of a bundle."""
        contents = self._contents.get(place)
        if contents is None:
            return ()
        found = list(contents.problems)
        for index, claim in enumerate(contents.claims.values(), 1):
            winner = self._objects.winner(claim.slot.reference) or claim
            found += problems_of(claim, winner, serves=self._serves)
            if not index % _BATCH:
                yield
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
