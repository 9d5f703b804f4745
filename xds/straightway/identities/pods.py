"""Pods of proxies, of which the labels count."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from straightway.api import Pod
from straightway.catalog import Catalog
from straightway.documents import Reference
from straightway.identities.identity import CannotProveError, Identity, NotProvedError
from straightway.identities.newest import Newest
from straightway.kubernetes.errors import ApiError, KubernetesError
from straightway.kubernetes.requests import Requests

FRESH: Final = 5.0
"""For how many seconds a Pod is not read again: a proxy may come back several times a second."""
_MOST: Final = 4096


def reference_of(namespace: str, name: str) -> Reference:
    """Return the reference of a Pod."""
    return Reference("", "Pod", namespace, name)


def pod_in(catalog: Catalog, reference: Reference) -> Pod | None:
    """Return a Pod of the catalog, or None."""
    found = catalog.object(reference)
    return found if isinstance(found, Pod) else None


class _Read(NamedTuple):
    """When a Pod was read, and its labels; None if it was gone."""

    at: float
    labels: Mapping[str, str] | None


class PodReader:
    """Reads single Pods from the API server: those that the catalog does not have."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests
        self._read: Newest[Identity, _Read] = Newest(_MOST)

    async def labels(self, identity: Identity) -> Mapping[str, str]:
        """Return the labels of the Pod that an identity's token is bound to.

        Raises: NotProvedError: if that Pod is gone. CannotProveError: if it cannot be read.

        """
        now = asyncio.get_running_loop().time()
        read = self._read.get(identity)
        if read is None or now - read.at >= FRESH:
            read = _Read(now, await self._labels(identity))
            self._read.put(identity, read)
        if read.labels is None:
            raise NotProvedError("the Pod of this token is gone")
        return read.labels

    async def _labels(self, identity: Identity) -> Mapping[str, str] | None:
        """Return a Pod's labels, None if it is gone. Raises CannotProveError."""
        path = f"/api/v1/namespaces/{identity.namespace}/pods/{identity.pod}"
        try:
            metadata: Any = (await self._requests.request("GET", path))["metadata"]
        except ApiError as error:
            if error.status == 404:
                return None
            raise CannotProveError(f"the Pod of this token cannot be read: {error}") from error
        except KubernetesError as error:
            raise CannotProveError(f"the Pod of this token cannot be read: {error}") from error
        if identity.pod_uid and metadata.get("uid") != identity.pod_uid:
            return None
        labels: Mapping[str, str] = metadata.get("labels") or {}
        return labels
