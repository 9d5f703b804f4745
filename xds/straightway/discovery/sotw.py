"""The state-of-the-world variant of a subscription."""

from __future__ import annotations

from typing import Final

from envoy.service.discovery.v3.discovery_pb2 import DiscoveryRequest

from straightway.discovery.names import NO_NAMES, changed
from straightway.discovery.progress import Holding
from straightway.discovery.resources import CLUSTER, LISTENER, Resource
from straightway.discovery.response import Plan, assignments_needed
from straightway.discovery.subscription import (
    WILDCARD,
    WILDCARD_TYPES,
    Subscription,
)
from straightway.discovery.verdicts import Verdict

_COMPLETE_TYPES: Final = frozenset({CLUSTER, LISTENER})
"""The types of which every response is the complete set, so that absence deletes.

The spec, "Grouping resources into responses" and "Deleting resources". For all other types a
response may be partial, and the resource that refers to them controls deletion.
"""


class SotwSubscription(Subscription):
    """One type on one state-of-the-world stream."""

    _KNOWS_ALIASES = False
    __slots__ = ("_complete", "_ever_named")

    def __init__(self, type_url: str) -> None:
        super().__init__(type_url)
        self._complete = type_url in _COMPLETE_TYPES
        self._ever_named = False

    def request(self, request: DiscoveryRequest) -> tuple[Verdict, Plan | None]:
        """Process a request, which names everything that the client wants from now on.

        The spec, "ACK and NACK": a request with a stale nonce is not answered. The client's
        answer to the newest response is on its way, and that one counts.
        """
        verdict, plan = self.verdicts.judge(request)
        newest = self.verdicts.nonce
        if request.response_nonce in ("", newest) or not newest:
            self._resubscribe(set(request.resource_names))
        return verdict, plan

    def _make_plan(self, now: float, removals_after: float | None) -> Plan | None:
        """Make the plan.

        A complete set still includes what the client must keep for now, in the version it has:
        absence would delete it.
        """
        table = self._progress.table
        changed, absent = self._differences()
        if not self._complete:
            return Plan(table.version, tuple(changed)) if changed else None
        withheld = self._withheld(absent, now, removals_after)
        if not (changed or self._must_respond or len(absent) > len(withheld)):
            return None
        kept = tuple(
            held
            for n in absent
            if n in withheld and isinstance(held := self._progress.outdated[n], Resource)
        )
        if self.wildcard:
            whole = tuple(table.resources.values())
        else:
            whole = tuple(r for name in self.names if (r := table.resources.get(name)) is not None)
        return Plan(
            table.version_with(kept) if kept else table.version,
            whole + kept,
            warming=assignments_needed(changed),
            withheld=withheld,
        )

    def _makes_common_plans(self) -> bool:
        # Otherwise it holds everything that was requested.
        return self.wildcard or not self._complete

    def _resubscribe(self, named: set[str]) -> None:
        # The spec, "How the client specifies what resources to return": no names mean everything,
        # but only until the client has named something (`*` counts) on this stream.
        legacy = not named and not self._ever_named and self.type_url in WILDCARD_TYPES
        self._ever_named |= bool(named)
        wildcard = legacy or WILDCARD in named
        named.discard(WILDCARD)
        if wildcard == self.wildcard and named == self.names:
            return
        self.catch_up()
        if wildcard and not self.wildcard:
            self._want_all()
            self._must_respond = self._complete
        if new := self._want(named):
            self.send_again(new)
            self._must_respond = self._complete
        self.wildcard = wildcard
        if fewer := self.names - named:
            self.names = changed(self.names, NO_NAMES, fewer)
        self._forget_unwanted()

    def _tells_absence(self, name: str, held: Holding | None) -> bool:
        # If a removal is not reported, the client counts as having nothing, so a returning resource
        # is sent.
        return self._complete and held is not None
