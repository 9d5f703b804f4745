"""CustomResourceDefinitions, made from the models of :mod:`straightway.api`.

Istio's own CRDs do not know the fields of dynamic subsets, so an API server drops them without a
word. These CRDs know every field of Istio's and ours, with descriptions, bounds and rules.

A schema refuses only what the models refuse with an error: what it cannot say in a structural
schema, or within the API server's budget for rules, is left to the models. A field that is valid in
Istio and not translated yet may hold anything.

A new kind is a line in :data:`straightway.api.kinds.KINDS` and one in
:data:`straightway.schemas.resources.RESOURCES`. Knows no cluster, does no I/O.
"""

from straightway.schemas.crd import definition, definitions, to_yaml
from straightway.schemas.resources import RESOURCES, Column, Resource

__all__ = ["RESOURCES", "Column", "Resource", "definition", "definitions", "to_yaml"]
