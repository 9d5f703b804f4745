"""What the work in a cluster asks of a client of the API server, so that a test can answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


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
        timeout: float = 10.0,  # noqa: ASYNC109 (the client applies it)
    ) -> Any:
        """Send a request and return the decoded answer.

        Raises: ApiError: if the server refuses the request. UnreachableError: if it does not
        answer.

        """
