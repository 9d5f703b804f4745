"""The incremental (delta) variant of a subscription."""

from __future__ import annotations

from collections.abc import Iterator
from sys import intern
from typing import Final

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest

from straightway.discovery.resources import Resource
from straightway.discovery.response import Plan
from straightway.discovery.subscription import WILDCARD, WILDCARD_TYPES, Subscription, Verdict
from straightway.discovery.table import Table

_SOME_OTHER_VERSION: Final = Resource("", "\0", b"")
"""Stands for what a client holds from an earlier stream, and that is not the current version."""


class DeltaSubscription(Subscription):
    """One type on one incremental stream."""

    def __init__(self, type_url: str) -> None:
        super().__init__(type_url)
        self._is_new = True
        self._initial_versions: dict[str, str] = {}

    def request(self, request: DeltaDiscoveryRequest) -> tuple[Verdict, Plan | None]:
        """Take a request in.

        Requests say what changes in the subscription, so they count whatever their nonce: the
        spec, "When to send an update", on incremental requests.
        """
        verdict, plan = self._judge(request)
        subscribe = set(request.resource_names_subscribe)
        unsubscribe = set(request.resource_names_unsubscribe)
        if self._is_new:
            self._begin(subscribe, dict(request.initial_resource_versions))
        elif subscribe or unsubscribe:
            self._catch_up()
            self._subscribe(subscribe)
        # Last, for a name that is given up for the wildcard stays one that the client has.
        self._unsubscribe(unsubscribe)
        return verdict, plan

    def plan(self, table: Table, *, removals: bool) -> Plan | None:
        """Return what is to be sent now; without ``removals`` nothing that the client has goes."""
        self._look(table)
        if self.is_level:
            return None
        changed, absent = self._differences()
        # A name that was asked for and does not exist is told as removed at once; the
        # subscription stays. The spec, "Deleting resources" and "Unsubscribing".
        withheld = frozenset(
            name for name in absent if not removals and self._behind.get(name) is not None
        )
        removed = tuple(name for name in absent if name not in withheld)
        if not (changed or removed or self._owed):
            return None
        return Plan(table.version, tuple(changed), removed, withheld)

    def sent(self, plan: Plan, nonce: str) -> None:
        """Note that a plan has been sent."""
        super().sent(plan, nonce)
        self._owed = False

    def _begin(self, subscribe: set[str], initial_versions: dict[str, str]) -> None:
        """Take in the first request of this type on the stream.

        The spec, "Incremental xDS", on initial_resource_versions: a client that comes back says
        what it holds, and is not sent that again.
        """
        self._is_new = False
        if not subscribe and self.type_url in WILDCARD_TYPES:
            subscribe = {WILDCARD}
        self.wildcard = WILDCARD in subscribe
        self._owed = self.wildcard and not initial_versions
        self.names = set(map(intern, subscribe - {WILDCARD}))
        self._again = self.names - initial_versions.keys()
        self._initial_versions = initial_versions

    def _subscribe(self, names: set[str]) -> None:
        if WILDCARD in names:
            names = names - {WILDCARD}
            if self.wildcard:
                self.send_again(self._table.resources)
            else:
                self._want_all()
        self._want(names)
        # The comment on DeltaDiscoveryRequest.resource_names_subscribe: the server must send all
        # of them, even those that it believes the client to have.
        self.send_again(names)

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

    def _differing(self, table: Table) -> Iterator[tuple[str, Resource | None]]:
        versions, self._initial_versions = self._initial_versions, {}
        if not versions:
            yield from super()._differing(table)
            return
        # Nothing was looked at before. Thousands of clients may come back at once, each with
        # thousands of names of which hardly one differs.
        resources = table.resources
        for name, version in versions.items():
            resource = resources.get(name)
            if (resource is None or resource.version != version) and self.wants(name):
                yield name, _SOME_OTHER_VERSION
        for name in (resources.keys() if self.wildcard else self.names) - versions.keys():
            yield name, None

    def _tells_absence(self, name: str, held: Resource | None) -> bool:
        return held is not None or name in self._again
