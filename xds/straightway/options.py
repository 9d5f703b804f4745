"""How a control plane is to serve: what the command line says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from straightway.catalog import ROOT_NAMESPACE
from straightway.cluster import Cluster
from straightway.listening import Security
from straightway.proxies.addresses import Address

if TYPE_CHECKING:
    from straightway.webhooks import WebhookOptions


@dataclass(frozen=True, slots=True)
class Options:
    """How to serve.

    ``folder`` and ``cluster`` are where config comes from: one of them, or both. ``state`` is the
    folder that keeps last good versions for the next start; None keeps none. ``vanish_grace`` is
    how long objects that vanish at once are held, and ``max_connection_age`` the age at which an
    Envoy's connection is renewed, so that Envoys spread over replicas; both in seconds.
    ``root_namespace`` is Istio's. ``security`` is how Envoys are served by TLS; None is not.
    ``webhooks`` is how the API server is answered, which needs ``security``. ``health`` is the
    address of HTTP probes.
    """

    folder: Path | None = None
    cluster: Cluster | None = None
    state: Path | None = None
    vanish_grace: float = 30.0
    max_connection_age: float | None = None
    root_namespace: str = ROOT_NAMESPACE
    security: Security | None = None
    webhooks: WebhookOptions | None = None
    health: Address | None = None
