"""Which cluster a control plane reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

SOURCE = "kubernetes"
"""The name of the source whose objects are in the cluster."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Which Kubernetes cluster to read, and what of it.

    ``kubeconfig`` and ``context`` None: the cluster around this Pod. ``namespaces`` are those to
    read, () for all; ``revision`` is the value of ``istio.io/rev`` that selects Istio's objects.
    ``write_status``: what becomes of the objects is written back to them.
    """

    kubeconfig: Path | None = None
    context: str | None = None
    namespaces: tuple[str, ...] = ()
    revision: str | None = None
    write_status: bool = True

    def restrictions(self) -> dict[str, Any]:
        """Return what of the cluster is read, by name, if it is not all."""
        facts = {"namespaces": list(self.namespaces), "revision": self.revision}
        return {name: value for name, value in facts.items() if value}
