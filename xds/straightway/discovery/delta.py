"""The incremental (delta) variant of a subscription."""

from __future__ import annotations

from typing import Final

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest

from straightway.discovery.resources import Resource
from straightway.discovery.response import Plan
from straightway.discovery.subscription import (
    WILDCARD,
    WILDCARD_TYPES,
    Subscription,
    Verdict,
)
from straightway.discovery.table import Table

_SOME_OTHER_VERSION: Final = Resource("", "\0", b"")
"""Stands for what a client holds from an earlier stream, and that is not the current version."""


class DeltaSubscription(Subscription):
    """One type on one incremental stream."""

    def __init__(self, type_url: str) -> None:
        super().__init__(type_url)
        self._is_new = True
        # Whether a response is owed even if it is empty: Envoy waits for one at its start.
        self._owed = False
        self._initial_versions: dict[str, str] = {}

    def request(self, request: DeltaDiscoveryRequest) -> tuple[Verdict, Plan | None]:
        """Take a request in.

        Requests say what changes in the subscription, so they count whatever their nonce: the
        spec, "When to send an update", on incremental requests.
        """
        verdict, plan = self._judge(request)
        subscribe = set(request.resource_names_subscribe)
        said_to_have: set[str] = set()
        if self._is_new:
            self._is_new = False
            self._initial_versions = dict(request.initial_resource_versions)
            said_to_have = set(self._initial_versions)
            if not subscribe and self.type_url in WILDCARD_TYPES:
                subscribe = {WILDCARD}
            self._owed = WILDCARD in subscribe and not self._initial_versions
        if WILDCARD in subscribe:
            subscribe.discard(WILDCARD)
            self._subscribe_to_all()
        self._subscribe(subscribe)
        # The comment on DeltaDiscoveryRequest.resource_names_subscribe: the server must send all
        # of them, even those that it believes the client to have. (But see initial_versions.)
        self.send_again(subscribe - said_to_have)
        # Last, for a name that is given up for the wildcard stays one that the client has.
        self._unsubscribe(set(request.resource_names_unsubscribe))
        return verdict, plan

    def plan(self, table: Table, *, removals: bool) -> Plan | None:
        """Return what is to be sent now; without ``removals`` nothing that the client has goes."""
        self._compare_initial_versions(table)
        self._look(table)
        if not self._due and not self._rest and not self._owed:
            return None
        changed, absent = self._compare(table)
        withheld = frozenset() if removals else frozenset(filter(self._held.__contains__, absent))
        # A name that was asked for and does not exist is told as removed at once; the
        # subscription stays. The spec, "Deleting resources" and "Unsubscribing".
        removed = tuple(name for name in absent if name not in withheld)
        if not (changed or removed or self._owed):
            return None
        return Plan(table.version, tuple(changed), removed, withheld)

    def sent(self, plan: Plan, nonce: str) -> None:
        """Note that a plan has been sent."""
        super().sent(plan, nonce)
        self._owed = False
        self._held.update((resource.name, resource) for resource in plan.resources)
        for name in plan.removed:
            self._held.pop(name, None)

    def _subscribe_to_all(self) -> None:
        if self.wildcard and self._table is not None:
            self.send_again(self._table.resources)
        self.wildcard = True
        self._table = None  # Everything has to be compared.

    def _unsubscribe(self, names: set[str]) -> None:
        dropped = names & self.names
        self.names -= dropped
        if WILDCARD in names:
            self.wildcard = False
            self._forget_unwanted()
        elif self.wildcard:
            # The client cannot know whether the wildcard still covers the name, so it is told.
            self.send_again(dropped)
        else:
            self._forget(dropped)

    def _tells_absence(self, name: str) -> bool:
        return name in self._held or name in self._again

    def _compare_initial_versions(self, table: Table) -> None:
        # The spec, "Incremental xDS", on initial_resource_versions: a client that comes back says
        # what it holds, and is not sent that again.
        for name, version in self._initial_versions.items():
            if self.wants(name):
                resource = table.resources.get(name)
                if resource is not None and resource.version == version:
                    self._held[resource.name] = resource
                else:
                    self._held[name] = _SOME_OTHER_VERSION
        self._initial_versions = {}
