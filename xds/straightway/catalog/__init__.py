"""The catalog: all accepted objects, indexed.

``intake`` decides which version of which object is in force; ``catalog`` is the indexed set of
them, ``keys`` names everything that can be looked up in it and can change, ``contributions`` lists
the keys of each object and ``index`` maintains them. ``services`` is one model for Kubernetes
Services and Istio ServiceEntries; ``endpoints`` and ``observations`` say where workloads listen and
what they hold. ``trial`` answers what would be with one more object. Nothing here knows Envoy.
"""

from straightway.catalog.catalog import ROOT_NAMESPACE, Catalog, Changes
from straightway.catalog.codes import CatalogCode
from straightway.catalog.contributions import WORKLOAD_KINDS, label_names
from straightway.catalog.keys import Key
from straightway.catalog.observations import Observation
from straightway.catalog.services import RegisteredService, Resolution, ServicePort
from straightway.catalog.trial import Trial

__all__ = [
    "ROOT_NAMESPACE",
    "WORKLOAD_KINDS",
    "Catalog",
    "CatalogCode",
    "Changes",
    "Key",
    "Observation",
    "RegisteredService",
    "Resolution",
    "ServicePort",
    "Trial",
    "label_names",
]
