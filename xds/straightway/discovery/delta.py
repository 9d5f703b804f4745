"""The incremental (delta) variant of a subscription."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from straightway.discovery.initial_versions import InitialVersions
from straightway.discovery.names import NO_NAMES, Names, changed, names_of
from straightway.discovery.progress import Holding
from straightway.discovery.requests import DeltaRequest
from straightway.discovery.resources import VIRTUAL_HOST, Resource
from straightway.discovery.response import Plan, assignments_needed
from straightway.discovery.subscription import (
    WILDCARD,
    WILDCARD_TYPES,
    Subscription,
)
from straightway.discovery.table import Table
from straightway.discovery.verdicts import Verdict


class DeltaSubscription(Subscription):
    """One type on one incremental stream."""

    _KNOWS_ALIASES = True
    __slots__ = ("_initial", "_is_new")

    def __init__(self, type_url: str) -> None:
        super().__init__(type_url)
        self._is_new = True
        self._initial = InitialVersions()

    def request(self, request: DeltaRequest) -> tuple[Verdict, Plan | None]:
        """Process a request.

        Requests change the subscription, so they count whatever their nonce: the spec, "When to
        send an update", on incremental requests.
        """
        verdict, plan = self.verdicts.judge(request)
        subscribe = request.resource_names_subscribe
        unsubscribe = request.resource_names_unsubscribe
        if self._is_new:
            self._begin(names_of(subscribe), InitialVersions(request.initial_resource_versions))
        elif subscribe or unsubscribe:
            self.catch_up()
            self._subscribe(set(subscribe))
        if unsubscribe:
            # Last, because the client keeps a name that it gives up for the wildcard.
            self._unsubscribe(set(unsubscribe))
        return verdict, plan

    def _make_plan(self, now: float, removals_after: float | None) -> Plan | None:
        """Make the plan.

        A requested name that does not exist is reported at once; the subscription remains. The
        spec, "Deleting resources" and "Unsubscribing".
        """
        changed, absent = self._differences()
        withheld = self._withheld(absent, now, removals_after)
        removed = dict.fromkeys(self._gone(withheld))
        unknown = [n for n in absent if n not in withheld and self._is_unknown(n)]
        unresolved: tuple[str, ...] = ()
        if self.type_url == VIRTUAL_HOST:
            # Envoy holds a request back until it receives its host; a removal is no answer.
            unresolved = tuple(name for name in unknown if name not in removed)
        else:
            removed |= dict.fromkeys(unknown)
        # A resource that was wanted by an alias is no longer wanted if the alias has moved.
        changed = [resource for resource in changed if self.wants(resource.name)]
        if not (changed or removed or unresolved or self._must_respond):
            return None
        return Plan(
            self._progress.table.version,
            tuple(changed),
            tuple(removed),
            warming=assignments_needed(changed),
            withheld=withheld,
            unresolved=unresolved,
        )

    def keep_alive(self, resources: Iterable[Resource], table: Table, now: float) -> Plan | None:
        """Return heartbeats, which refresh the TTLs of resources that the client holds."""
        if self.type_url == VIRTUAL_HOST:
            # A resource without a body says that there is no such virtual host.
            return super().keep_alive(resources, table, now)
        withheld = frozenset(self._progress.outdated)
        return Plan(table.version, (), withheld=withheld, heartbeats=tuple(resources))

    def wants(self, name: str) -> bool:
        """Whether the client has subscribed to a name, or to an alias that stands for it."""
        if super().wants(name):
            return True
        resource = self._progress.table.resources.get(name)
        if resource is None:
            return False
        find = self._progress.table.find
        return any(alias in self.names and find(alias) is resource for alias in resource.aliases)

    def sent(self, plan: Plan, nonce: str) -> None:
        """Record that a plan has been sent."""
        super().sent(plan, nonce)
        if self._progress.resend:
            self._progress.resend = self._progress.resend & plan.withheld

    def _begin(self, subscribe: Names, held: InitialVersions) -> None:
        """Process the first request of this type on the stream.

        The spec, "Incremental xDS", on initial_resource_versions: a reconnecting client says what
        it holds, and is not sent that again.
        """
        self._is_new = False
        is_legacy = not subscribe and self.type_url in WILDCARD_TYPES
        self.wildcard = is_legacy or WILDCARD in subscribe
        self._must_respond = self.wildcard and not held
        self.names = names_of(subscribe - {WILDCARD}) if WILDCARD in subscribe else subscribe
        self.longest_name = max(map(len, self.names), default=0)
        self._initial = held
        if not held:
            self._progress.resend = set(self.names)

    def _subscribe(self, names: set[str]) -> None:
        if WILDCARD in names:
            names = names - {WILDCARD}
            if self.wildcard:
                self.send_again(self._progress.table.resources)
            else:
                self._want_all()
        self._want(names)
        # The comment on DeltaDiscoveryRequest.resource_names_subscribe: the server must send all
        # of them, even those that it believes the client to have.
        self.send_again(names)

    def _unsubscribe(self, names: set[str]) -> None:
        dropped = self.names & names
        if dropped:
            self.names = changed(self.names, NO_NAMES, dropped)
        if WILDCARD in names:
            self.wildcard = False
            self._forget_unwanted()
        elif self.wildcard:
            # The client cannot know whether the wildcard still covers the name, so it is informed.
            self.send_again(dropped)
        elif dropped:
            self._forget(dropped)
            self._forget_unwanted()

    def _forget_unwanted(self) -> None:
        super()._forget_unwanted()
        self._initial.keep(self.wants)

    def _makes_common_plans(self) -> bool:
        return not self._progress.table.has_aliases  # Each of which may hold something else.

    def _is_unknown(self, name: str) -> bool:
        """Whether an absent name is reported because it was requested, not as a removal."""
        return name in self._progress.resend or self._progress.outdated.get(name) is None

    def _gone(self, withheld: frozenset[str]) -> Iterator[str]:
        """Yield the names of resources that the client has and must drop.

        It may have one by an alias that now stands for nothing or for another resource.
        """
        find, resources = self._progress.table.find, self._progress.table.resources
        for name, held in self._progress.outdated.items():
            if held is None or name in withheld:
                continue
            drop = held.name or name
            current = find(name)
            if (current is None or current.name != drop) and not (
                drop in resources and self.wants(drop)
            ):
                yield drop

    def _differing(self, table: Table) -> Iterable[tuple[str, Holding | None]]:
        if not self._initial:
            return super()._differing(table)
        # Nothing has been examined before.
        missing, outdated = self._initial.compare(table, self.names, wildcard=self.wildcard)
        self._progress.resend |= missing & self.names
        differing: dict[str, Holding | None] = dict.fromkeys(missing)
        differing.update((name, held) for name, held in outdated.items() if self.wants(name))
        return differing.items()

    def _tells_absence(self, name: str, held: Holding | None) -> bool:
        return held is not None or name in self._progress.resend
