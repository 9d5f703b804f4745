"""The accepted objects, indexed: what the config says as a whole.

``intake`` decides which version of which object is in force, ``catalog`` is the immutable,
indexed set of them, ``services`` gives Kubernetes Services and Istio ServiceEntries one face,
``workloads`` and ``endpoints`` find what is behind them, ``rules`` finds the DestinationRule of a
service, and ``checks`` names what is wrong between objects. Nothing here knows Envoy.
"""

from straightway.catalog.catalog import Catalog, Impact
from straightway.catalog.checks import Finding, check
from straightway.catalog.codes import CatalogCode
from straightway.catalog.intake import Accepted, Intake
from straightway.catalog.workloads import KINDS as WORKLOAD_KINDS

__all__ = [
    "WORKLOAD_KINDS",
    "Accepted",
    "Catalog",
    "CatalogCode",
    "Finding",
    "Impact",
    "Intake",
    "check",
]
