"""The common part of both variants' subscriptions: one type on one stream.

A subscription is a pure state machine. It takes the client's requests and returns a plan: what to
send now, given the current content of the type. No I/O and no clock.

The rules are those of https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol, called
"the spec" here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar, Final

from straightway.discovery.names import NO_NAMES, changed
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
"""The types of which a client gets everything if it never names anything.

The spec, "How the client specifies what resources to return".
"""


class Subscription(ABC):
    """What one client wants of one type, and what of that is outdated at the client."""

    _KNOWS_ALIASES: ClassVar[bool]
    """Whether the variant's clients may request a resource by its aliases."""

    __slots__ = (
        "_must_respond",
        "_pending_removals",
        "_progress",
        "ack",
        "longest_name",
        "names",
        "type_url",
        "verdicts",
        "wildcard",
    )

    def __init__(self, type_url: str) -> None:
        self.type_url = type_url
        self.names = NO_NAMES
        self.longest_name = 0
        """The length of the longest name that was ever requested."""
        self.wildcard = False
        self.ack = b""
        """The encoded request that would accept the newest response, if there is only one."""
        self._progress = Progress(by_alias=self._KNOWS_ALIASES)
        # Whether a response is due even if nothing exists: Envoy waits for one at startup.
        self._must_respond = False
        self.verdicts = Verdicts()
        self._pending_removals = PendingRemovals()

    def catch_up(self) -> None:
        """Process changes. Also before the subscription changes, because it decides what counts."""
        self._progress.catch_up(self._concerns)

    def sum_up(self, changes: int) -> None:
        """Condense the changes into differences if there are at least this many."""
        if self._progress.changes_unseen >= changes:
            self.catch_up()
            self._progress.differences(self._tells_absence)

    @property
    def deadline(self) -> float | None:
        """When a removal may be due without a change; None for never."""
        return self._pending_removals.deadline if self._progress.outdated else None

    @abstractmethod
    def request(self, request: Request) -> tuple[Verdict, Plan | None]:
        """Process a request; return its verdict, and the response that it is about, if known."""

    def plan(self, table: Table, now: float, *, removals_after: float | None) -> Plan | None:
        """Return what to send now, or None.

        ``removals_after`` is how many seconds the removal of a resource waits that the client still
        names; with None nothing is removed that the client has.

        This does not change what is due; :meth:`sent` does.
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
        """Whether nothing is due, except for changes since :meth:`plan`."""
        progress = self._progress
        return not (
            progress.outdated or progress.resend or self.verdicts.to_retry or self._must_respond
        )

    def is_settled(self, table: Table) -> bool:
        """Whether nothing is due; may be false if there are only irrelevant changes."""
        progress = self._progress
        return progress.seen.next is None and table is progress.table and self.is_up_to_date

    def wants(self, name: str) -> bool:
        """Whether the client has subscribed to a name."""
        return self.wildcard or name in self.names

    def holds(self, resource: Resource) -> bool:
        """Whether the client has what it wants of a resource, as far as is known."""
        if not self.wants(resource.name):
            return False
        progress, is_rejected = self._progress, self.verdicts.is_rejected
        return not any(
            name in progress.outdated or name in progress.resend or is_rejected(name)
            for name in resource.names
        )

    def keep_alive(self, resources: Iterable[Resource], table: Table, now: float) -> Plan | None:
        """Return what refreshes the TTLs of resources that the client holds: they are sent again.

        Call it when :meth:`plan` has just returned None.
        """
        self.send_again(resource.name for resource in resources)
        return self.plan(table, now, removals_after=None)

    def send_again(self, names: Iterable[str]) -> None:
        """Resend those of ``names`` that the client wants, even if it has them."""
        self._progress.resend.update(filter(self.wants, names))

    def sent(self, plan: Plan, nonce: str) -> None:
        """Record that a plan has been sent, with this nonce."""
        self.verdicts.sent(plan, nonce)
        self._progress.sent(plan)
        self._must_respond = False

    def statuses(self) -> list[ResourceStatus]:
        """Return the status of what the client wants, by name; computed on demand."""
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
        # A resource from an earlier stream, in a version that only the client knows, has no name.
        return ResourceStatus(name, sent.version if sent and sent.name else "", state)

    def _want(self, names: Iterable[str]) -> frozenset[str]:
        """Add names; return those that are new."""
        new = frozenset(names) - self.names
        if new:
            self.names = changed(self.names, new, NO_NAMES)
            self.longest_name = max(self.longest_name, max(map(len, new)))
        return new

    def _want_all(self) -> None:
        resources, outdated = self._progress.table.resources, self._progress.outdated
        outdated.update(dict.fromkeys(resources.keys() - self.names))
        # The client still accepts what is in flight, even if it was given up or removed since.
        for plan in self.verdicts.unanswered:
            gone = [each for each in plan.resources if each.name not in resources]
            outdated.update((each.name, each) for each in gone)
        self.wildcard = True

    def _forget(self, names: Iterable[str]) -> None:
        """Drop what the client no longer wants: the client drops it too."""
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
        """Whether a plan follows from changes alone, as long as it is up to date."""

    def _common_plan(self, now: float, removals_after: float | None) -> Plan | None:
        """Return the plan of all subscriptions in the same state that the same changes concern.

        Nearly all streams of an audience are in the same state, nearly always.
        """
        progress, table = self._progress, self._progress.table
        # Names matter even with a wildcard: the removal of a named resource may have to wait.
        named = self._changed_names() if self.names else ()
        if not named and not self.wildcard:
            progress.seen = table.last_change
            return None
        # Not the change itself, which would also keep all later ones in memory.
        key = (type(self), progress.seen.serial, self.wildcard, named, removals_after)
        plan = table.shared(key, lambda: self._plan_to_share(table, now, removals_after))
        if plan is not None and plan.withheld:  # Each subscription must remember these itself.
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
        """Make the plan of a subscription that has processed changes and is not up to date."""

    def _withheld(
        self, absent: Iterable[str], now: float, removals_after: float | None
    ) -> frozenset[str]:
        """Return which missing names the client has and must keep for now."""
        removed = [name for name in absent if self._progress.outdated.get(name) is not None]
        if removals_after is None:
            return frozenset(removed)
        named = [name for name in removed if name in self.names] if removals_after else ()
        return self._pending_removals.waiting(named, now, removals_after)

    def _concerns(self, change: Change) -> bool:
        """Whether a change concerns what the client wants."""
        if change.is_alias:
            return self._KNOWS_ALIASES and change.name in self.names and not self.wildcard
        return self.wildcard or change.name in self.names

    def look(self, table: Table) -> None:
        """Catch up with ``table``, which may be a different one than before."""
        progress = self._progress
        if progress.seen.next is not None:
            self.catch_up()
        if table is not progress.table:
            progress.move_to(table, self._differing(table))

    def _differing(self, table: Table) -> Iterable[tuple[str, Holding | None]]:
        """Return what the client wants and has in another version than ``table``, by name."""
        everything = self._progress.table.resources.keys() | table.resources.keys()
        return self._progress.differing(table, everything if self.wildcard else self.names)

    def _differences(self) -> tuple[list[Resource], list[str]]:
        """Return the resources to send, and the names to report as missing."""
        changed, absent = self._progress.differences(self._tells_absence)
        to_retry = self.verdicts.to_retry
        if not changed and not absent and to_retry:
            self.send_again(to_retry)
            to_retry.clear()
            changed, absent = self._progress.differences(self._tells_absence)
        return changed, absent

    @abstractmethod
    def _tells_absence(self, name: str, held: Holding | None) -> bool:
        """Whether to report to the client, which has ``held``, that ``name`` does not exist."""
