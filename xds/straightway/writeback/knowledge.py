"""What is known about each object: from its source, from the checks, and about its proxies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from straightway.documents import Problem, Reference
from straightway.intake import IntakeCode, Standing
from straightway.writeback.addresses import addresses_of
from straightway.writeback.facts import Address, Facts, Programming
from straightway.writeback.kinds import StatusKind, status_kind
from straightway.writeback.sight import Sight

Own: TypeAlias = Callable[[Reference], Mapping[str, Any] | None]
"""Returns the fields of a status that only our own kinds have; None if they are not known."""


class Knowledge:
    """What is known about the objects of one source, while this replica leads.

    ``source`` is the name of the source. What the control loop knows is looked up in its sight,
    once there is one; the rest is told.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._sight: Sight | None = None
        self._own: Own = lambda _: None
        self._problems: dict[Reference, dict[Problem, None]] = {}
        self._said: dict[Reference, Programming] = {}
        # The generation that is in the catalog: the intake may be ahead of it for a moment.
        self._in_force: dict[Reference, int | None] = {}

    def look_at(self, sight: Sight) -> None:
        """Look things up here from now on."""
        self._sight = sight

    def ask_for_own(self, own: Own) -> None:
        """Have ``own`` say what the fields of our own kinds are."""
        self._own = own

    def clear(self) -> None:
        """Forget what was told."""
        for each in (self._problems, self._said, self._in_force):
            each.clear()

    # --- What is told ---

    def appeared(self, problem: Problem, reference: Reference) -> None:
        """Note a problem of an object."""
        self._problems.setdefault(reference, {})[problem] = None

    def solved(self, problem: Problem, reference: Reference) -> None:
        """Note that an object does not have a problem any more."""
        of_object = self._problems.get(reference, {})
        of_object.pop(problem, None)
        if not of_object:
            self._problems.pop(reference, None)

    def in_force(self, reference: Reference) -> None:
        """Note that the version of an object that serves is in the catalog."""
        standing = self.standing(reference)
        if standing is not None and standing.serves:
            self._in_force[reference] = standing.serving

    def moved(self, reference: Reference) -> None:
        """Note a new version of an object that means the same, if it is in the catalog."""
        if reference in self._in_force:
            self.in_force(reference)

    def not_in_force(self, reference: Reference) -> None:
        """Note that no version of an object is in the catalog."""
        self._in_force.pop(reference, None)

    def programmed(self, reference: Reference, programming: Programming) -> None:
        """Note how many proxies have an object, until :meth:`unsaid`."""
        self._said[reference] = programming

    def unsaid(self, reference: Reference) -> None:
        """Note that what was said about its proxies is about another version."""
        self._said.pop(reference, None)

    # --- What is known ---

    def standing(self, reference: Reference) -> Standing | None:
        """Return what is known of an object as the source has it; None if it has none."""
        return None if self._sight is None else self._sight.standing(reference, self._source)

    @property
    def objects(self) -> Sequence[Reference]:
        """The objects that the source has, right or wrong."""
        return () if self._sight is None else self._sight.standing_of(self._source)

    def kinds_in_use(self) -> dict[StatusKind, str]:
        """Return the kinds of these objects that get a status, and the version of the API."""
        found: dict[StatusKind, str] = {}
        for reference in self.objects:
            kind = status_kind(reference)
            if kind is not None and kind not in found:
                standing = self.standing(reference)
                if standing is not None:
                    found[kind] = standing.api_version.rpartition("/")[2]
        return found

    def is_under_way(self, reference: Reference, standing: Standing) -> bool:
        """Whether what serves is on its way into the catalog, which will be told."""
        return standing.serves and standing.serving != self._in_force.get(reference, -1)

    def facts(self, reference: Reference, standing: Standing) -> Facts:
        """Return what is to be said of an object."""
        generation = standing.generation or 0
        serving = None if not standing.serves else standing.serving or generation
        problems = sorted(
            each for each in self._problems.get(reference, ()) if is_about(each, standing)
        )
        return Facts(
            reference,
            generation,
            serving,
            tuple(problems),
            self._said.get(reference),
            self._addresses(reference),
            self._is_left_out(reference),
            self._own(reference),
        )

    def _addresses(self, reference: Reference) -> tuple[Address, ...] | None:
        if reference.kind != "Gateway" or self._sight is None:
            return ()
        return addresses_of(self._sight.catalog, self._sight.audiences_of(reference))

    def _is_left_out(self, reference: Reference) -> bool:
        item = self._sight.catalog.object(reference) if self._sight is not None else None
        return item is not None and item.is_left_out


def is_about(problem: Problem, standing: Standing) -> bool:
    """Whether a problem is about the source's own version of an object, not another's claim."""
    if problem.code == IntakeCode.DUPLICATE_OBJECT and standing.serves:
        return False
    return problem.generation in (standing.generation, standing.serving)
