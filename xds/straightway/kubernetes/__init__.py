"""A Kubernetes API server: requests, and resources that are listed and followed.

Configuration, credentials and requests are those of the official ``kubernetes`` package. Watching
is ours: its ``Watch`` decodes an event three times, and begins a relist at a version that the
server has refused.
"""

from straightway.kubernetes.client import Client, connect
from straightway.kubernetes.errors import ApiError, ConnectError, KubernetesError, UnreachableError

__all__ = [
    "ApiError",
    "Client",
    "ConnectError",
    "KubernetesError",
    "UnreachableError",
    "connect",
]
