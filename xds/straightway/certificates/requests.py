"""What this package asks of a client for the Kubernetes API server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

APPLY: Final = "application/apply-patch+yaml"
MERGE_PATCH: Final = "application/merge-patch+json"


class Requests(Protocol):
    """The part of :class:`straightway.kubernetes.Client` that is used."""

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: Mapping[str, str | int | bool] | None = None,
        content_type: str = "application/json",
    ) -> Any:
        """Send a request and return the decoded answer. Raises KubernetesError."""
