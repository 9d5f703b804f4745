"""Messages of Envoy that the installed xds-protos may lack, compiled from ``protos/``.

A message is registered once in a process, so where xds-protos has it, its class counts.
"""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from straightway.translate.envoy_api.composite_cluster_pb2 import ClusterConfig

__all__ = ["ClusterConfig"]


def _composite_cluster() -> type[ClusterConfig]:
    """Return ``envoy.extensions.clusters.composite.v3.ClusterConfig``."""
    name = "envoy.extensions.clusters.composite.v3.cluster_pb2"
    with suppress(ImportError):
        found: type[ClusterConfig] = import_module(name).ClusterConfig
        return found
    from straightway.translate.envoy_api import composite_cluster_pb2

    return composite_cluster_pb2.ClusterConfig


if not TYPE_CHECKING:
    ClusterConfig = _composite_cluster()
