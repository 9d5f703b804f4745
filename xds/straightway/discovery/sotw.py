"""The state-of-the-world variant of a subscription."""

from __future__ import annotations

from typing import Final

from envoy.service.discovery.v3.discovery_pb2 import DiscoveryRequest

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
"""The types whose every response is the whole set, so that absence deletes.

The spec, "Grouping resources into responses" and "Deleting resources". Of all other types a
response may hold a part, and deleting is left to the resource that named it.
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
        """Take a request in: a request names everything that the client wants from now on.

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

        A complete set still holds what the client has and is to keep for now, as the client has
        it: absence would delete it.
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
        return self.wildcard or not self._complete  # Else it holds all that was asked for.

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
        self.names -= self.names - named  # Not &=, which might keep the copies that came in.
        self._forget_unwanted()

    def _tells_absence(self, name: str, held: Holding | None) -> bool:
        # Where it goes untold, the client counts as having nothing: what comes back is sent.
        return self._complete and held is not None
