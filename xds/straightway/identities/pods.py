"""Pods of proxies, of which the labels count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from straightway.api import Pod
from straightway.catalog import Catalog
from straightway.documents import Reference
from straightway.identities.identity import CannotProveError, Identity, NotProvedError
from straightway.kubernetes.errors import ApiError, KubernetesError
from straightway.kubernetes.requests import Requests


def reference_of(namespace: str, name: str) -> Reference:
    """Return the reference of a Pod."""
    return Reference("", "Pod", namespace, name)


def pod_in(catalog: Catalog, reference: Reference) -> Pod | None:
    """Return a Pod of the catalog, or None."""
    found = catalog.object(reference)
    return found if isinstance(found, Pod) else None


class PodReader:
    """Reads single Pods from the API server: those that the catalog does not have."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    async def labels(self, identity: Identity) -> Mapping[str, str]:
        """Return the labels of the Pod that an identity's token is bound to.

        Raises: NotProvedError: if that Pod is gone. CannotProveError: if it cannot be read.

        """
        path = f"/api/v1/namespaces/{identity.namespace}/pods/{identity.pod}"
        try:
            metadata: Any = (await self._requests.request("GET", path))["metadata"]
        except ApiError as error:
            if error.status == 404:
                raise NotProvedError("the Pod of this token is gone") from error
            raise CannotProveError(f"the Pod of this token cannot be read: {error}") from error
        except KubernetesError as error:
            raise CannotProveError(f"the Pod of this token cannot be read: {error}") from error
        if identity.pod_uid and metadata.get("uid") != identity.pod_uid:
            raise NotProvedError("the Pod of this token is gone")
        labels: Mapping[str, str] = metadata.get("labels") or {}
        return labels
