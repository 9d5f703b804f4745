"""What may go wrong with requests to a Kubernetes API server."""

from __future__ import annotations

from typing import Any


class KubernetesError(Exception):
    """The base of all errors of this package."""


class ConnectError(KubernetesError):
    """There is no usable configuration. The message says what is wrong, and what to do."""


class UnreachableError(KubernetesError):
    """The API server gave no answer, or broke off; the message is the reason."""


class UnreadableError(KubernetesError):
    """An object is not what its kind is declared to be."""


class ApiError(KubernetesError):
    """The API server refuses a request.

    ``status`` is the HTTP status, ``reason`` the machine-readable word of the Status object
    (``NotFound``), and ``retry_after`` what the server asks to wait, in seconds, at most a minute.
    https://kubernetes.io/docs/reference/using-api/api-concepts/
    """

    def __init__(
        self, status: int, reason: str, message: str, retry_after: float | None = None
    ) -> None:
        super().__init__(f"{message} ({status} {reason})" if reason else f"{message} ({status})")
        self.status = status
        self.reason = reason
        self.message = message
        self.retry_after = retry_after

    @classmethod
    def of(cls, status: int, body: Any, retry_after: float | None = None) -> ApiError:
        """Return the error for a Status object, or for any other body of an error."""
        if isinstance(body, dict):
            reason, message = str(body.get("reason") or ""), str(body.get("message") or "")
            code = body.get("code")
            # A proxy's own JSON may have a code of another kind.
            if isinstance(code, int) and 400 <= code < 600:
                status = code
            return cls(status, reason, message or "no message", retry_after)
        text = str(body).strip()[:200]
        return cls(status, "", text or "no message", retry_after)
