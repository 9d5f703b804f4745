"""One client's progress with one type: what it has, and what of that is outdated.

A client has what the table has, except for the outdated names. So the memory per client does not
grow with what it holds, and there is no queue.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, Protocol

from straightway.discovery.resources import Resource
from straightway.discovery.response import Plan
from straightway.discovery.table import Change, Table

NO_TABLE: Final = Table()
"""The table of a client whose audience has no snapshot yet."""


class Holding(Protocol):
    """What a client has under a name."""

    @property
    def name(self) -> str:
        """The resource's name; empty if unknown."""

    @property
    def version(self) -> str:
        """The resource's version."""


class Progress:
    """A place in a table's log of changes, and the names in which the client differs from it.

    ``outdated`` maps such a name to what the client has, None for nothing; ``resend`` are names to
    send even though the client has them. With ``by_alias`` a client may also request a resource by
    its aliases.
    """

    __slots__ = ("_by_alias", "outdated", "resend", "seen", "table")

    def __init__(self, *, by_alias: bool) -> None:
        self.table = NO_TABLE
        self.seen = NO_TABLE.last_change
        """The last processed change."""
        self.outdated: dict[str, Holding | None] = {}
        self.resend: set[str] = set()
        self._by_alias = by_alias

    @property
    def changes_unseen(self) -> int:
        """The number of changes to process."""
        return self.table.last_change.serial - self.seen.serial

    def finder(self, table: Table) -> Callable[[str], Resource | None]:
        """Return the lookup of a table's resources by a name that the client may request."""
        return table.find if self._by_alias else table.resources.get

    def catch_up(self, concerns: Callable[[Change], bool]) -> None:
        """Process the changes that concern the client."""
        for change in self.seen.later():
            if concerns(change):
                self.outdated.setdefault(change.name, change.before)
        self.seen = self.table.last_change

    def move_to(self, table: Table, differing: Iterable[tuple[str, Holding | None]]) -> None:
        """Continue with another table; ``differing`` are the names in which the client differs."""
        for name, held in differing:
            self.outdated.setdefault(name, held)
        self.table, self.seen = table, table.last_change

    def differing(self, table: Table, names: Iterable[str]) -> Iterable[tuple[str, Holding | None]]:
        """Yield those of ``names`` that differ in ``table``, and what the client has."""
        before, after = self.finder(self.table), self.finder(table)
        for name in names:
            held, current = before(name), after(name)
            if held is None or current is None or not _is_same(held, current):
                yield name, held

    def differences(
        self, tells_absence: Callable[[str, Holding | None], bool]
    ) -> tuple[list[Resource], list[str]]:
        """Return the resources to send, and the names to report as missing.

        ``tells_absence`` decides whether to report a name, given what the client has. A name with
        nothing to report is no longer outdated.
        """
        find = self.finder(self.table)
        changed: dict[str, Resource] = {}
        absent: list[str] = []
        up_to_date: set[str] = set()
        for name, held in self.outdated.items():
            resource = find(name)
            if resource is None:
                if tells_absence(name, held):
                    absent.append(name)
                else:
                    up_to_date.add(name)
            elif held is None or not _is_same(held, resource) or name in self.resend:
                changed[resource.name] = resource
            else:
                up_to_date.add(name)
        if up_to_date:
            self.outdated = {n: held for n, held in self.outdated.items() if n not in up_to_date}
        for name in self.resend - self.outdated.keys():
            resource = find(name)
            if resource is not None:
                changed[resource.name] = resource
            elif tells_absence(name, None):
                absent.append(name)
            else:
                self.resend.discard(name)
        return list(changed.values()), absent

    def sent(self, plan: Plan) -> None:
        """Record that the client is sent everything except what is withheld."""
        self.seen = self.table.last_change
        if self.outdated:
            self.outdated = {name: self.outdated[name] for name in plan.withheld}
        if self.resend:
            # Recreated, because a set that shrinks keeps its memory.
            self.resend = self.resend.difference(plan.names)

    def forget(self, name: str) -> None:
        """Drop a name that the client no longer wants."""
        self.outdated.pop(name, None)
        self.resend.discard(name)


def _is_same(held: Holding, current: Resource) -> bool:
    # Without a name it is what a client says it holds from an earlier stream.
    return held.version == current.version and held.name in (current.name, "")
