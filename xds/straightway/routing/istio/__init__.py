"""Istio's objects as the neutral routing model. Pure: what needs a lookup comes as an argument.

``matches`` says which requests an HTTPMatchRequest means, ``routes`` what a VirtualService does
with them, ``policies`` what a DestinationRule demands. Istio's defaults are filled in here; what is
peculiar to Envoy is left to ``translate``.
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
