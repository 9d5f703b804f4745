"""Which proxies cannot do what a DestinationRule asks: let requests leave their subset."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from straightway.api import DestinationRule
from straightway.documents import Reference
from straightway.proxies.audience import Audience
from straightway.routing.istio.policies import policy_of
from straightway.writeback.sight import Sight


def staying(sight: Sight, reference: Reference) -> Iterable[Hashable]:
    """Return the audiences with an object whose requests stay in their subset against its wish."""
    item = sight.catalog.object(reference)
    if not isinstance(item, DestinationRule) or not _lets_go(item):
        return ()
    audiences = sight.audiences_of(reference)
    return [each for each in audiences if isinstance(each, Audience) and not each.leaves_subsets]


def _lets_go(rule: DestinationRule) -> bool:
    general = rule.spec.traffic_policy
    policies = [policy_of(general)]
    policies += [policy_of(general, each.traffic_policy) for each in rule.spec.subsets]
    found = [each.subsets for each in policies if each.subsets is not None]
    return any(each.leaving is not None or each.missing is not None for each in found)
