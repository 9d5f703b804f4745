"""What the subscriptions of both variants have in common: one type on one stream.

A subscription is a pure state machine. It is fed the client's requests, and is asked for a plan:
what is to be sent now, given what the type holds at the moment. Without I/O and without a clock;
it keeps no queue, but the names that may differ from what the client has.

The rules are those of https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol, called
"the spec" here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from enum import Enum
from sys import intern
from typing import Final, TypeAlias

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DiscoveryRequest

from straightway.discovery.resources import CLUSTER, LISTENER, Resource
from straightway.discovery.response import Plan
from straightway.discovery.table import Table

Request: TypeAlias = DiscoveryRequest | DeltaDiscoveryRequest

WILDCARD: Final = "*"

WILDCARD_TYPES: Final = frozenset({CLUSTER, LISTENER})
"""The types of which a client gets everything if it names nothing from the start.

The spec, "How the client specifies what resources to return".
"""

_RESPONSES_REMEMBERED: Final = 8


class Verdict(Enum):
    """What a request says about an earlier response."""

    NONE = "none"
    STALE = "stale"
    ACK = "ack"
    NACK = "nack"


class Subscription(ABC):
    """What one client wants of one type, and what it has been sent of it on this stream."""

    def __init__(self, type_url: str) -> None:
        self.type_url = type_url
        self.names: set[str] = set()
        self.wildcard = False
        self.nonce = ""
        self._held: dict[str, Resource] = {}
        # Names to compare with the table; those in _again are sent even if the client holds them.
        self._due: set[str] = set()
        self._again: set[str] = set()
        self._table: Table | None = None
        self._sequence = 0
        # Responses without an answer yet, by nonce, and the names of those that were rejected.
        self._sent: dict[str, Plan] = {}
        self._rejected: set[str] = set()
        self._rest: set[str] = set()

    @abstractmethod
    def request(self, request: Request) -> tuple[Verdict, Plan | None]:
        """Take a request in; return its verdict, and the response that it is about, if known."""

    @abstractmethod
    def plan(self, table: Table, *, removals: bool) -> Plan | None:
        """Return what is to be sent now, None for nothing; without ``removals`` only additions.

        Asking changes nothing; :meth:`sent` does.
        """

    def wants(self, name: str) -> bool:
        """Whether the client has subscribed to a name."""
        return self.wildcard or name in self.names

    def send_again(self, names: Iterable[str]) -> None:
        """Have those of ``names`` that the client wants sent even if it holds them."""
        wanted = set(filter(self.wants, names))
        self._again |= wanted
        self._due |= wanted

    def news(self, plan: Plan) -> list[Resource]:
        """Return what a plan holds beyond what the client has: new, changed or asked for again."""
        return [resource for resource in plan.resources if self._lacks(resource)]

    def sent(self, plan: Plan, nonce: str) -> None:
        """Note that a plan has been sent, with this nonce."""
        names = set(plan.names)
        self.nonce = nonce
        self._due = set(plan.withheld)
        self._again -= names
        if not self._rejected.isdisjoint(names):
            # A response is rejected as a whole. Now that one of its resources has changed, the
            # others get another chance: after it, and apart, so that they cannot spoil it.
            self._rest |= self._rejected - names
            self._rejected.clear()
        if len(self._sent) == _RESPONSES_REMEMBERED:
            del self._sent[next(iter(self._sent))]
        self._sent[nonce] = plan

    def _judge(self, request: Request) -> tuple[Verdict, Plan | None]:
        """Return what a request says about which response.

        The spec, "ACK/NACK and resource type instance version": a NACK is known by its
        error_detail and nothing else. Nothing is resent for it until the content changes.
        """
        nonce = request.response_nonce
        # Before anything was sent on this stream, a nonce can only be one of an earlier stream.
        stale = nonce not in ("", self.nonce) and self.nonce != ""
        plan = self._sent.get(nonce)
        if plan is None:
            return (Verdict.STALE if stale else Verdict.NONE), None
        for earlier in list(self._sent):
            del self._sent[earlier]
            if earlier == nonce:
                break
        if request.HasField("error_detail"):
            self._rejected.update(plan.names)
            return Verdict.NACK, plan
        return (Verdict.STALE if stale else Verdict.ACK), plan

    def _subscribe(self, names: Iterable[str]) -> set[str]:
        """Add to the names; return those that are new.

        Names are interned: thousands of clients ask for the same ones.
        """
        new = {intern(name) for name in names if name not in self.names}
        self.names |= new
        self._due |= new
        return new

    def _forget(self, names: Iterable[str]) -> None:
        """Drop what the client does not want any more: it drops it too."""
        for name in names:
            self._held.pop(name, None)
            self._again.discard(name)
            self._rejected.discard(name)
            self._rest.discard(name)

    def _forget_unwanted(self) -> None:
        known = self._held.keys() | self._again | self._rejected | self._rest
        self._forget([name for name in known if not self.wants(name)])

    def _look(self, table: Table) -> None:
        """Find what may have changed since the last look."""
        if table is self._table and table.sequence == self._sequence:
            return
        changed = table.changed_since(self._sequence) if table is self._table else None
        if changed is None:
            changed = self.names | self._held.keys()
            if self.wildcard:
                changed |= table.resources.keys()
        self._table, self._sequence = table, table.sequence
        self._due.update(filter(self.wants, changed))

    def _compare(self, table: Table) -> tuple[list[Resource], list[str]]:
        """Return the resources to send, and the names whose absence is to be told.

        Names of which there is nothing to say are not due any more.
        """
        changed, absent = self._differences(table)
        if not changed and not absent and self._rest:
            self.send_again(self._rest)
            self._rest.clear()
            changed, absent = self._differences(table)
        self._due = {resource.name for resource in changed} | set(absent)
        return changed, absent

    def _differences(self, table: Table) -> tuple[list[Resource], list[str]]:
        changed: list[Resource] = []
        absent: list[str] = []
        for name in filter(self.wants, self._due):
            resource = table.resources.get(name)
            if resource is None:
                if self._tells_absence(name):
                    absent.append(name)
            elif self._lacks(resource):
                changed.append(resource)
        return changed, absent

    def _lacks(self, resource: Resource) -> bool:
        held = self._held.get(resource.name)
        return held is None or held.version != resource.version or resource.name in self._again

    @abstractmethod
    def _tells_absence(self, name: str) -> bool:
        """Whether the client is to be told that ``name``, which it wants, does not exist."""
