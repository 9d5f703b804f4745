"""Maps Istio's objects to the neutral routing model. Pure: lookups are passed in as arguments.

``matches`` handles HTTPMatchRequests, ``routes`` the routes of a VirtualService, ``policies`` the
policies of a DestinationRule. Istio's defaults are filled in here; what is specific to Envoy is
left to ``translate``.
"""

from straightway.routing.istio.matches import match_of
from straightway.routing.istio.policies import hash_key_of, policy_of
from straightway.routing.istio.routes import DEFAULT_RETRY, Target, forward_to, rule_of, rules_of

__all__ = [
    "DEFAULT_RETRY",
    "Target",
    "forward_to",
    "hash_key_of",
    "match_of",
    "policy_of",
    "rule_of",
    "rules_of",
]
