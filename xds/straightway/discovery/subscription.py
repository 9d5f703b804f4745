"""What the subscriptions of both variants have in common: one type on one stream.

A subscription is a pure state machine. It is fed the client's requests, and is asked for a plan:
what is to be sent now, given what the type holds at the moment. Without I/O, without a clock and
without a queue: a client has what the table has, but for the names in which it is behind.

The rules are those of https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol, called
"the spec" here.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Final, Protocol

from straightway.discovery.requests import Request
from straightway.discovery.resources import CLUSTER, LISTENER, Resource
from straightway.discovery.response import Plan
from straightway.discovery.status import ResourceState, ResourceStatus
from straightway.discovery.table import Change, Table

WILDCARD: Final = "*"

WILDCARD_TYPES: Final = frozenset({CLUSTER, LISTENER})
"""The types of which a client gets everything if it names nothing from the start.

The spec, "How the client specifies what resources to return".
"""

# Names are interned, as thousands of clients ask for the same ones. Python 3.12 never frees what is
# interned, and a client could fill its memory with names that it invents.
intern = str if sys.version_info[:2] == (3, 12) else sys.intern

_NO_TABLE: Final = Table()
_RESPONSES_REMEMBERED: Final = 8


class Verdict(Enum):
    """What a request says about an earlier response."""

    NONE = "none"
    STALE = "stale"
    ACK = "ack"
    NACK = "nack"


class Holding(Protocol):
    """What a client has under some name."""

    @property
    def name(self) -> str:
        """The resource's name; empty where it is not known."""

    @property
    def version(self) -> str:
        """The resource's version."""


class Subscription(ABC):
    """What one client wants of one type, and in what it is behind."""

    __slots__ = (
        "_again",
        "_behind",
        "_owed",
        "_rejected",
        "_rest",
        "_seen",
        "_table",
        "_unanswered",
        "ack",
        "names",
        "nonce",
        "type_url",
        "wildcard",
    )

    def __init__(self, type_url: str) -> None:
        self.type_url = type_url
        self.names: set[str] = set()
        self.wildcard = False
        self.nonce = ""
        self.ack = b""
        """The encoded request that would accept the newest response, if there is but one."""
        # Of every wanted name the client has what the table had at the last change seen. Except
        # for these: it has what stands here, None for nothing.
        self._behind: dict[str, Holding | None] = {}
        # Names to be sent even though the client has them.
        self._again: set[str] = set()
        self._table = _NO_TABLE
        self._seen = _NO_TABLE.last_change
        # Whether a response is owed even if nothing is to be said but that nothing exists: Envoy
        # waits for one at its start.
        self._owed = False
        # Responses without an answer yet, by nonce. The names of those that were rejected, and
        # those of them that are to have another chance.
        self._unanswered: dict[str, Plan] = {}
        self._rejected: set[str] = set()
        self._rest: set[str] = set()

    def catch_up(self) -> None:
        """Learn what has changed. Before the subscription changes, too: it decides what counts."""
        for change in self._seen.later():
            if self._follows(change):
                self._behind.setdefault(change.name, change.before)
        self._seen = self._table.last_change

    def sum_up(self, changes: int) -> None:
        """If it has not looked for so many changes: learn what they are, and what they leave."""
        if self._table.last_change.serial - self._seen.serial >= changes:
            self.catch_up()
            self._find()

    def accept(self) -> Plan | None:
        """Take in that the client accepts the newest response; return that, if not done before."""
        plan = self._unanswered.get(self.nonce)
        if plan is not None:
            self._unanswered.clear()
        return plan

    @abstractmethod
    def request(self, request: Request) -> tuple[Verdict, Plan | None]:
        """Take a request in; return its verdict, and the response that it is about, if known."""

    def plan(self, table: Table, *, removals: bool) -> Plan | None:
        """Return what is to be sent now, None for nothing; without ``removals`` only additions.

        Asking makes no difference to what is to be sent; :meth:`sent` does.
        """
        if table is self._table and self.is_level:
            if self._seen.next is None:
                return None
            if self._makes_common_plans():
                return self._common_plan(removals=removals)
        return self._own_plan(table, removals=removals)

    @property
    def is_level(self) -> bool:
        """Whether nothing is to be sent, unless something has changed since :meth:`plan`."""
        return not (self._behind or self._again or self._rest or self._owed)

    def is_settled(self, table: Table) -> bool:
        """Whether nothing is to be sent; not always seen where changes do not concern it."""
        return self._seen.next is None and table is self._table and self.is_level

    def wants(self, name: str) -> bool:
        """Whether the client has subscribed to a name."""
        return self.wildcard or name in self.names

    def holds(self, resource: Resource) -> bool:
        """Whether the client has what it wants of a resource, as far as can be known."""
        unsettled = (self._behind, self._again, self._rejected, self._rest)
        names = resource.names
        return self.wants(resource.name) and not any(n in some for n in names for some in unsettled)

    def keep_alive(self, resources: Iterable[Resource], table: Table) -> Plan | None:
        """Return what prolongs the life of resources that the client holds: they are sent again.

        It is called when :meth:`plan` has just found nothing to be sent.
        """
        self.send_again(resource.name for resource in resources)
        return self.plan(table, removals=False)

    def send_again(self, names: Iterable[str]) -> None:
        """Have those of ``names`` that the client wants sent even if it has them."""
        self._again.update(filter(self.wants, names))

    def sent(self, plan: Plan, nonce: str) -> None:
        """Note that a plan has been sent, with this nonce."""
        self.nonce = nonce
        self._seen = self._table.last_change
        if self._behind:
            self._behind = {name: self._behind[name] for name in plan.withheld}
        if self._again or self._rejected:
            names = set(plan.names)
            self._again = self._again - names  # Anew, as what shrinks stays as large as it was.
            self._renew(names)
        if len(self._unanswered) == _RESPONSES_REMEMBERED:
            del self._unanswered[next(iter(self._unanswered))]
        self._unanswered[nonce] = plan

    def _renew(self, names: set[str]) -> None:
        """Note of which names something new has been sent."""
        if not self._rejected.isdisjoint(names):
            # A response is rejected as a whole. Now that one of its resources has changed, the
            # others get another chance: after it, and apart, so that they cannot spoil it.
            self._rest |= self._rejected - names
            self._rejected.clear()

    def statuses(self) -> list[ResourceStatus]:
        """Return how far the client has what it wants, by name; found out when it is asked for."""
        self.catch_up()
        names = self._table.resources.keys() | self._behind if self.wildcard else self.names
        unanswered = {name for plan in self._unanswered.values() for name in plan.names}
        return [self._status(name, is_unanswered=name in unanswered) for name in sorted(names)]

    def _status(self, name: str, *, is_unanswered: bool) -> ResourceStatus:
        current = self._finder(self._table)(name)
        sent = self._behind.get(name, current)
        if name in self._rejected or name in self._rest:
            state = ResourceState.REJECTED
        elif is_unanswered:
            state = ResourceState.UNANSWERED
        elif self._table is _NO_TABLE:
            state = ResourceState.REQUESTED
        elif sent is None:
            state = ResourceState.ABSENT if current is None else ResourceState.UNSENT
        elif name in self._behind:
            state = ResourceState.OUTDATED
        else:
            state = ResourceState.ACCEPTED
        # What a client holds from an earlier stream, in a version that only it knows, has no name.
        return ResourceStatus(name, sent.version if sent and sent.name else "", state)

    def _judge(self, request: Request) -> tuple[Verdict, Plan | None]:
        """Return what a request says about which response.

        The spec, "ACK/NACK and resource type instance version": a NACK is known by its
        error_detail and nothing else. Nothing is resent for it until the content changes.
        """
        nonce = request.response_nonce
        # Before anything was sent on this stream, a nonce can only be one of an earlier stream.
        is_stale = nonce != self.nonce and nonce != "" and self.nonce != ""
        plan = self._unanswered.get(nonce)
        if plan is None:
            return (Verdict.STALE if is_stale else Verdict.NONE), None
        if is_stale:
            for earlier in list(self._unanswered):
                del self._unanswered[earlier]
                if earlier == nonce:
                    break
        else:
            self._unanswered.clear()
        if request.HasField("error_detail"):
            self._rejected.update(plan.names)
            for later in self._unanswered.values():
                self._renew(set(later.names))
            return Verdict.NACK, plan
        return (Verdict.STALE if is_stale else Verdict.ACK), plan

    def _want(self, names: Iterable[str]) -> set[str]:
        """Add to the names; return those that are new."""
        new = {intern(name) for name in names if name not in self.names}
        self.names |= new
        return new

    def _want_all(self) -> None:
        resources = self._table.resources
        self._behind.update(dict.fromkeys(resources.keys() - self.names))
        # What is on its way, and was given up or is gone since, the client takes after all.
        for plan in self._unanswered.values():
            gone = [each for each in plan.resources if each.name not in resources]
            self._behind.update((each.name, each) for each in gone)
        self.wildcard = True

    def _forget(self, names: Iterable[str]) -> None:
        """Drop what the client does not want any more: it drops it too."""
        for name in names:
            self._behind.pop(name, None)
            self._again.discard(name)
            self._rejected.discard(name)
            self._rest.discard(name)

    def _forget_unwanted(self) -> None:
        known = self._behind.keys() | self._again | self._rejected | self._rest
        self._forget([name for name in known if not self.wants(name)])

    def _makes_common_plans(self) -> bool:
        """Whether a plan depends on nothing but what has changed, as long as it is level."""
        return True

    def _common_plan(self, *, removals: bool) -> Plan | None:
        """Return the plan of all that are where this one is, and whom the same changes concern.

        Nearly all streams of an audience are, nearly always.
        """
        table = self._table
        changed = None if self.wildcard else self._changed_names()
        if changed == ():
            self._seen = table.last_change
            return None
        # Not the change itself, which would keep all later ones in memory, too.
        key = (type(self), self._seen.serial, changed, removals)
        plan = table.shared(key, lambda: self._plan_to_share(table, removals=removals))
        if plan is not None and plan.withheld:  # What that is each has to remember itself.
            return self._own_plan(table, removals=removals)
        return plan

    def _plan_to_share(self, table: Table, *, removals: bool) -> Plan | None:
        plan = self._own_plan(table, removals=removals)
        if plan is not None:
            plan.is_common = True
        return plan

    def _changed_names(self) -> tuple[str, ...]:
        names = self.names
        return tuple([change.name for change in self._seen.later() if change.name in names])

    def _own_plan(self, table: Table, *, removals: bool) -> Plan | None:
        self._look(table)
        return None if self.is_level else self._make_plan(removals=removals)

    @abstractmethod
    def _make_plan(self, *, removals: bool) -> Plan | None:
        """Make the plan of a subscription that has looked and is not level."""

    def _follows(self, change: Change) -> bool:
        return not change.is_alias and (self.wildcard or change.name in self.names)

    def _finder(self, table: Table) -> Callable[[str], Resource | None]:
        """Return what finds a resource by a name that the client may ask for."""
        return table.resources.get

    def _look(self, table: Table) -> None:
        """Catch up with ``table``, which may be another one than before."""
        if self._seen.next is not None:
            self.catch_up()
        if table is self._table:
            return
        for name, held in self._differing(table):
            self._behind.setdefault(name, held)
        self._table, self._seen = table, table.last_change

    def _differing(self, table: Table) -> Iterable[tuple[str, Holding | None]]:
        """Yield of what the client wants and ``table`` has otherwise: the name, what it has."""
        before, after = self._finder(self._table), self._finder(table)
        everything = self._table.resources.keys() | table.resources.keys()
        for name in everything if self.wildcard else self.names:
            held, current = before(name), after(name)
            if held is None or current is None or not _is_same(held, current):
                yield name, held

    def _differences(self) -> tuple[list[Resource], list[str]]:
        """Return the resources to send, and the names of which to say that they do not exist.

        Where there is nothing to say, the client is not behind any more.
        """
        changed, absent = self._find()
        if not changed and not absent and self._rest:
            self.send_again(self._rest)
            self._rest.clear()
            changed, absent = self._find()
        return changed, absent

    def _find(self) -> tuple[list[Resource], list[str]]:
        find = self._finder(self._table)
        changed: dict[str, Resource] = {}
        absent: list[str] = []
        level: set[str] = set()
        for name, held in self._behind.items():
            resource = find(name)
            if resource is None:
                if self._tells_absence(name, held):
                    absent.append(name)
                else:
                    level.add(name)
            elif held is None or not _is_same(held, resource) or name in self._again:
                changed[resource.name] = resource
            else:
                level.add(name)
        if level:
            self._behind = {n: held for n, held in self._behind.items() if n not in level}
        for name in self._again - self._behind.keys():
            resource = find(name)
            if resource is not None:
                changed[resource.name] = resource
            elif self._tells_absence(name, None):
                absent.append(name)
            else:
                self._again.discard(name)
        return list(changed.values()), absent

    @abstractmethod
    def _tells_absence(self, name: str, held: Holding | None) -> bool:
        """Whether the client, which has ``held``, is to be told that ``name`` does not exist."""


def _is_same(held: Holding, current: Resource) -> bool:
    # Without a name it is what a client holds from an earlier stream, by its own words.
    return held.version == current.version and held.name in (current.name, "")
