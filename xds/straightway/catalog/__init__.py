"""The accepted objects, indexed: what the config says as a whole.

``catalog`` is the immutable, indexed set of what :mod:`straightway.intake` has put in force,
``services`` gives Kubernetes Services and Istio ServiceEntries one face, ``workloads`` and
``endpoints`` find what is behind them, ``rules`` finds the DestinationRule of a service, and
``checks`` names what is wrong between objects. Nothing here knows Envoy.
"""

from straightway.catalog.catalog import Catalog, Impact
from straightway.catalog.checks import check
from straightway.catalog.codes import CatalogCode
from straightway.catalog.workloads import KINDS as WORKLOAD_KINDS
from straightway.documents import Finding

__all__ = [
    "WORKLOAD_KINDS",
    "Catalog",
    "CatalogCode",
    "Finding",
    "Impact",
    "check",
]
