"""Which cluster a control plane reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import structlog

_log = structlog.get_logger()

SOURCE = "kubernetes"
"""The name of the source whose objects are in the cluster."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Which Kubernetes cluster to read, and what of it.

    ``kubeconfig`` and ``context`` None: the cluster around this Pod. ``namespaces`` are those to
    read, () for all; ``revision`` is the value of ``istio.io/rev`` that selects Istio's objects.
    ``write_status``: what becomes of the objects is written back to them; None: only to those of
    the cluster around this Pod.
    """

    kubeconfig: Path | None = None
    context: str | None = None
    namespaces: tuple[str, ...] = ()
    revision: str | None = None
    write_status: bool | None = None

    @property
    def writes_status(self) -> bool:
        """Whether what becomes of the objects is written back to them.

        Whoever looks at a cluster from outside does not mean to change what is in it, or to lead.
        """
        if self.write_status is not None:
            return self.write_status
        from straightway.kubernetes.credentials import is_around

        return is_around(self.kubeconfig, self.context)

    def announce(self, server: str) -> None:
        """Log which cluster is read, what of it, and whether that it is only read is a default."""
        restrictions = {"namespaces": list(self.namespaces), "revision": self.revision}
        named = {name: value for name, value in restrictions.items() if value}
        _log.info("reading a cluster", server=server, **named)
        if self.write_status is None and not self.writes_status:
            _log.info(
                "status is not written",
                reason="this is not a Pod of the cluster",
                remedy="to have it written to the objects, say --write-status",
            )
