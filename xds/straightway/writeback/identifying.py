"""Which object an Event is about: Events name the uid, which is found out if need be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from straightway.documents import Reference
from straightway.intake import Standing
from straightway.kubernetes.errors import ApiError
from straightway.kubernetes.requests import Requests
from straightway.kubernetes.resources import BY_KIND
from straightway.writeback.status import Known

_UNKNOWN: Final = ""


class Identifier:
    """Tells an object's apiVersion and uid.

    ``standing`` returns what is known of an object, None if it is gone, and ``has`` what was read
    of it for its status.
    """

    def __init__(
        self,
        client: Requests,
        standing: Callable[[Reference], Standing | None],
        has: Callable[[Reference], Known | None],
    ) -> None:
        self._client = client
        self._standing = standing
        self._has = has

    async def identify(self, reference: Reference) -> tuple[str, str] | None:
        """Return apiVersion and uid, "" if it may not be read; None if the object is gone.

        Raises UnreachableError: as the client does.
        """
        standing = self._standing(reference)
        if standing is None:
            return None
        has = self._has(reference)
        if has is not None and has.uid:
            return standing.api_version, has.uid
        try:
            return standing.api_version, await self._read(reference, standing.api_version)
        except ApiError as error:
            return None if error.status == 404 else (standing.api_version, _UNKNOWN)

    async def _read(self, reference: Reference, api_version: str) -> str:
        resource = BY_KIND.get((reference.group, reference.kind))
        if resource is None:
            return _UNKNOWN
        version = api_version.rpartition("/")[2]
        collection = resource.path(version, reference.namespace)
        found = await self._client.request("GET", f"{collection}/{reference.name}")
        return str(found["metadata"]["uid"])
