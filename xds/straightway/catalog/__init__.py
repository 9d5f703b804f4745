"""The accepted objects, indexed: what the config says as a whole.

``intake`` decides which version of which object is in force; ``catalog`` is the indexed set of
them, ``keys`` names what can be asked of it and what can differ, ``contributions`` says under which
keys an object stands and ``index`` keeps them. ``services`` gives Kubernetes Services and Istio
ServiceEntries one face; ``endpoints`` and ``observations`` say where workloads listen and what they
hold. Nothing here knows Envoy.
"""

from straightway.catalog.catalog import ROOT_NAMESPACE, Catalog, Changes
from straightway.catalog.codes import CatalogCode
from straightway.catalog.contributions import WORKLOAD_KINDS
from straightway.catalog.keys import Key
from straightway.catalog.observations import Observation
from straightway.catalog.services import RegisteredService, Resolution, ServicePort

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
]
