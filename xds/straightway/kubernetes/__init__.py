"""A Kubernetes API server: requests, and resources that are listed and followed.

Configuration, credentials and requests are those of the official ``kubernetes`` package. Watching
is ours: its ``Watch`` decodes an event three times, and begins a relist at a version that the
server has refused.
"""

from typing import TYPE_CHECKING, Any

from straightway.kubernetes.errors import ApiError, ConnectError, KubernetesError, UnreachableError

if TYPE_CHECKING:
    from straightway.kubernetes.client import Client, connect

__all__ = [
    "ApiError",
    "Client",
    "ConnectError",
    "KubernetesError",
    "UnreachableError",
    "connect",
]


def __getattr__(name: str) -> Any:
    """Import the client when it is asked for: a control plane over a folder needs no HTTP."""
    if name in ("Client", "connect"):
        from straightway.kubernetes import client

        return getattr(client, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
