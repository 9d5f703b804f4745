"""What this package asks of a client for the Kubernetes API server."""

from __future__ import annotations

from typing import Any, Protocol


class Requests(Protocol):
    """The part of :class:`straightway.kubernetes.Client` that is used."""

    async def request(self, method: str, path: str, *, body: Any = None) -> Any:
        """Send a request and return the decoded answer. Raises KubernetesError."""
