"""How far one client has come with one type: what it has, and what of it is outdated.

A client has what the table has, except for the names that are outdated. So what is kept for it does
not grow with what it holds, and there is no queue.
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
    """What a client has under some name."""

    @property
    def name(self) -> str:
        """The resource's name; empty where it is not known."""

    @property
    def version(self) -> str:
        """The resource's version."""


class Progress:
    """A place in a table's log of changes, and the names in which the client differs from it.

    ``outdated`` gives for such a name what the client has, None for nothing; ``resend`` are names
    to be sent even though the client has them. With ``by_alias`` a client may ask for a resource
    by its aliases, too.
    """

    __slots__ = ("_by_alias", "outdated", "resend", "seen", "table")

    def __init__(self, *, by_alias: bool) -> None:
        self.table = NO_TABLE
        self.seen = NO_TABLE.last_change
        """The last change that is taken into account."""
        self.outdated: dict[str, Holding | None] = {}
        self.resend: set[str] = set()
        self._by_alias = by_alias

    @property
    def changes_unseen(self) -> int:
        """How many changes are yet to be taken into account."""
        return self.table.last_change.serial - self.seen.serial

    def finder(self, table: Table) -> Callable[[str], Resource | None]:
        """Return what finds a resource of a table by a name that the client may ask for."""
        return table.find if self._by_alias else table.resources.get

    def catch_up(self, concerns: Callable[[Change], bool]) -> None:
        """Take into account what has changed, as far as it concerns the client."""
        for change in self.seen.later():
            if concerns(change):
                self.outdated.setdefault(change.name, change.before)
        self.seen = self.table.last_change

    def move_to(self, table: Table, differing: Iterable[tuple[str, Holding | None]]) -> None:
        """Go on with another table; ``differing`` are the names in which the client differs."""
        for name, held in differing:
            self.outdated.setdefault(name, held)
        self.table, self.seen = table, table.last_change

    def differing(self, table: Table, names: Iterable[str]) -> Iterable[tuple[str, Holding | None]]:
        """Yield of ``names`` those that ``table`` has otherwise, and what the client has."""
        before, after = self.finder(self.table), self.finder(table)
        for name in names:
            held, current = before(name), after(name)
            if held is None or current is None or not _is_same(held, current):
                yield name, held

    def differences(
        self, tells_absence: Callable[[str, Holding | None], bool]
    ) -> tuple[list[Resource], list[str]]:
        """Return the resources to send, and the names of which to say that they do not exist.

        ``tells_absence`` is asked whether to say so, of a name and of what the client has. Where
        there is nothing to say, nothing is outdated any more.
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
        """Take into account that the client gets everything but what is withheld."""
        self.seen = self.table.last_change
        if self.outdated:
            self.outdated = {name: self.outdated[name] for name in plan.withheld}
        if self.resend:
            # Anew, as what shrinks stays as large as it was.
            self.resend = self.resend.difference(plan.names)

    def forget(self, name: str) -> None:
        """Forget a name that the client does not want any more."""
        self.outdated.pop(name, None)
        self.resend.discard(name)


def _is_same(held: Holding, current: Resource) -> bool:
    # Without a name it is what a client holds from an earlier stream, by its own words.
    return held.version == current.version and held.name in (current.name, "")
