"""What the subscriptions of both variants have in common: one type on one stream.

A subscription is a pure state machine. It is fed the client's requests, and is asked for a plan:
what is to be sent now, given what the type holds at the moment. Without I/O and without a clock.

The rules are those of https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol, called
"the spec" here.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar, Final

from straightway.discovery.progress import NO_TABLE, Holding, Progress
from straightway.discovery.removals import PendingRemovals
from straightway.discovery.requests import Request
from straightway.discovery.resources import CLUSTER, LISTENER, Resource
from straightway.discovery.response import Plan
from straightway.discovery.status import ResourceState, ResourceStatus
from straightway.discovery.table import Change, Table
from straightway.discovery.verdicts import Verdict, Verdicts

WILDCARD: Final = "*"

WILDCARD_TYPES: Final = frozenset({CLUSTER, LISTENER})
"""The types of which a client gets everything if it names nothing from the start.

The spec, "How the client specifies what resources to return".
"""

# Names are interned, as thousands of clients ask for the same ones. Python 3.12 never frees what is
# interned, and a client could fill its memory with names that it invents.
intern = str if sys.version_info[:2] == (3, 12) else sys.intern


class Subscription(ABC):
    """What one client wants of one type, and which of it is outdated at the client."""

    _KNOWS_ALIASES: ClassVar[bool]
    """Whether the variant's clients may ask for a resource by its aliases."""

    __slots__ = (
        "_must_respond",
        "_pending_removals",
        "_progress",
        "ack",
        "names",
        "type_url",
        "verdicts",
        "wildcard",
    )

    def __init__(self, type_url: str) -> None:
        self.type_url = type_url
        self.names: set[str] = set()
        self.wildcard = False
        self.ack = b""
        """The encoded request that would accept the newest response, if there is but one."""
        self._progress = Progress(by_alias=self._KNOWS_ALIASES)
        # Whether a response must come even if it says but that nothing exists: Envoy waits for
        # one at its start.
        self._must_respond = False
        self.verdicts = Verdicts()
        self._pending_removals = PendingRemovals()

    def catch_up(self) -> None:
        """Learn what has changed. Before the subscription changes, too: it decides what counts."""
        self._progress.catch_up(self._concerns)

    def sum_up(self, changes: int) -> None:
        """If it has not looked for so many changes: learn what they are, and what they leave."""
        if self._progress.changes_unseen >= changes:
            self.catch_up()
            self._progress.differences(self._tells_absence)

    @property
    def deadline(self) -> float | None:
        """When there may be a removal to tell though nothing has changed; None for never."""
        return self._pending_removals.deadline if self._progress.outdated else None

    @abstractmethod
    def request(self, request: Request) -> tuple[Verdict, Plan | None]:
        """Take a request in; return its verdict, and the response that it is about, if known."""

    def plan(self, table: Table, now: float, *, removals_after: float | None) -> Plan | None:
        """Return what is to be sent now, None for nothing.

        ``removals_after`` is for how many seconds the removal of a resource waits that the client
        still names; with None nothing that the client has is removed.

        Asking makes no difference to what is to be sent; :meth:`sent` does.
        """
        progress = self._progress
        if table is progress.table and self.is_up_to_date:
            if progress.seen.next is None:
                return None
            if self._makes_common_plans():
                return self._common_plan(now, removals_after)
        return self._own_plan(table, now, removals_after)

    @property
    def is_up_to_date(self) -> bool:
        """Whether nothing is to be sent, but for what has changed since :meth:`plan`."""
        progress = self._progress
        return not (
            progress.outdated or progress.resend or self.verdicts.to_retry or self._must_respond
        )

    def is_settled(self, table: Table) -> bool:
        """Whether nothing is to be sent; not always seen where changes do not concern it."""
        progress = self._progress
        return progress.seen.next is None and table is progress.table and self.is_up_to_date

    def wants(self, name: str) -> bool:
        """Whether the client has subscribed to a name."""
        return self.wildcard or name in self.names

    def holds(self, resource: Resource) -> bool:
        """Whether the client has what it wants of a resource, as far as can be known."""
        if not self.wants(resource.name):
            return False
        progress, is_rejected = self._progress, self.verdicts.is_rejected
        return not any(
            name in progress.outdated or name in progress.resend or is_rejected(name)
            for name in resource.names
        )

    def keep_alive(self, resources: Iterable[Resource], table: Table, now: float) -> Plan | None:
        """Return what prolongs the life of resources that the client holds: they are sent again.

        It is called when :meth:`plan` has just found nothing to be sent.
        """
        self.send_again(resource.name for resource in resources)
        return self.plan(table, now, removals_after=None)

    def send_again(self, names: Iterable[str]) -> None:
        """Have those of ``names`` that the client wants sent even if it has them."""
        self._progress.resend.update(filter(self.wants, names))

    def sent(self, plan: Plan, nonce: str) -> None:
        """Note that a plan has been sent, with this nonce."""
        self.verdicts.sent(plan, nonce)
        self._progress.sent(plan)
        self._must_respond = False

    def statuses(self) -> list[ResourceStatus]:
        """Return how far the client has what it wants, by name; found out when it is asked for."""
        self.catch_up()
        progress = self._progress
        names: Iterable[str] = self.names
        if self.wildcard:
            names = progress.table.resources.keys() | progress.outdated
        unanswered = {name for plan in self.verdicts.unanswered for name in plan.names}
        return [self._status(name, is_unanswered=name in unanswered) for name in sorted(names)]

    def _status(self, name: str, *, is_unanswered: bool) -> ResourceStatus:
        progress = self._progress
        current = progress.finder(progress.table)(name)
        sent = progress.outdated.get(name, current)
        if self.verdicts.is_rejected(name):
            state = ResourceState.REJECTED
        elif is_unanswered:
            state = ResourceState.UNANSWERED
        elif progress.table is NO_TABLE:
            state = ResourceState.REQUESTED
        elif sent is None:
            state = ResourceState.ABSENT if current is None else ResourceState.UNSENT
        elif name in progress.outdated:
            state = ResourceState.OUTDATED
        else:
            state = ResourceState.ACCEPTED
        # What a client holds from an earlier stream, in a version that only it knows, has no name.
        return ResourceStatus(name, sent.version if sent and sent.name else "", state)

    def _want(self, names: Iterable[str]) -> set[str]:
        """Add to the names; return those that are new."""
        new = {intern(name) for name in names if name not in self.names}
        self.names |= new
        return new

    def _want_all(self) -> None:
        resources, outdated = self._progress.table.resources, self._progress.outdated
        outdated.update(dict.fromkeys(resources.keys() - self.names))
        # What is on its way, and was given up or is gone since, the client takes after all.
        for plan in self.verdicts.unanswered:
            gone = [each for each in plan.resources if each.name not in resources]
            outdated.update((each.name, each) for each in gone)
        self.wildcard = True

    def _forget(self, names: Iterable[str]) -> None:
        """Drop what the client does not want any more: it drops it too."""
        for name in names:
            self._progress.forget(name)
            self.verdicts.forget(name)
            self._pending_removals.forget(name)

    def _forget_unwanted(self) -> None:
        progress, verdicts = self._progress, self.verdicts
        known = progress.outdated.keys() | progress.resend | verdicts.rejected | verdicts.to_retry
        self._forget([name for name in known if not self.wants(name)])

    @abstractmethod
    def _makes_common_plans(self) -> bool:
        """Whether a plan follows from what has changed alone, as long as it is up to date."""

    def _common_plan(self, now: float, removals_after: float | None) -> Plan | None:
        """Return the plan of all that are where this one is, and whom the same changes concern.

        Nearly all streams of an audience are, nearly always.
        """
        progress, table = self._progress, self._progress.table
        # Beside a wildcard names matter, too: the removal of a named resource may have to wait.
        named = self._changed_names() if self.names else ()
        if not named and not self.wildcard:
            progress.seen = table.last_change
            return None
        # Not the change itself, which would keep all later ones in memory, too.
        key = (type(self), progress.seen.serial, self.wildcard, named, removals_after)
        plan = table.shared(key, lambda: self._plan_to_share(table, now, removals_after))
        if plan is not None and plan.withheld:  # What that is each has to remember itself.
            return self._own_plan(table, now, removals_after)
        return plan

    def _plan_to_share(self, table: Table, now: float, removals_after: float | None) -> Plan | None:
        plan = self._own_plan(table, now, removals_after)
        if plan is not None:
            plan.is_common = True
        return plan

    def _changed_names(self) -> tuple[str, ...]:
        names = self.names
        return tuple(
            [change.name for change in self._progress.seen.later() if change.name in names]
        )

    def _own_plan(self, table: Table, now: float, removals_after: float | None) -> Plan | None:
        self.look(table)
        return None if self.is_up_to_date else self._make_plan(now, removals_after)

    @abstractmethod
    def _make_plan(self, now: float, removals_after: float | None) -> Plan | None:
        """Make the plan of a subscription that has looked and is not up to date."""

    def _withheld(
        self, absent: Iterable[str], now: float, removals_after: float | None
    ) -> frozenset[str]:
        """Return which of the names that do not exist the client has, and is to keep for now."""
        removed = [name for name in absent if self._progress.outdated.get(name) is not None]
        if removals_after is None:
            return frozenset(removed)
        named = [name for name in removed if name in self.names] if removals_after else ()
        return self._pending_removals.waiting(named, now, removals_after)

    def _concerns(self, change: Change) -> bool:
        """Whether a change is one of what the client wants."""
        if change.is_alias:
            return self._KNOWS_ALIASES and change.name in self.names and not self.wildcard
        return self.wildcard or change.name in self.names

    def look(self, table: Table) -> None:
        """Catch up with ``table``, which may be another one than before."""
        progress = self._progress
        if progress.seen.next is not None:
            self.catch_up()
        if table is not progress.table:
            progress.move_to(table, self._differing(table))

    def _differing(self, table: Table) -> Iterable[tuple[str, Holding | None]]:
        """Return of what the client wants and ``table`` has otherwise: the name, what it has."""
        everything = self._progress.table.resources.keys() | table.resources.keys()
        return self._progress.differing(table, everything if self.wildcard else self.names)

    def _differences(self) -> tuple[list[Resource], list[str]]:
        """Return the resources to send, and the names of which to say that they do not exist."""
        changed, absent = self._progress.differences(self._tells_absence)
        to_retry = self.verdicts.to_retry
        if not changed and not absent and to_retry:
            self.send_again(to_retry)
            to_retry.clear()
            changed, absent = self._progress.differences(self._tells_absence)
        return changed, absent

    @abstractmethod
    def _tells_absence(self, name: str, held: Holding | None) -> bool:
        """Whether the client, which has ``held``, is to be told that ``name`` does not exist."""
