"""What the objects have, as it was read or answered last; others may have written since."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import structlog

from straightway.documents import Reference
from straightway.kubernetes.errors import ApiError, UnreachableError
from straightway.kubernetes.requests import Requests
from straightway.writeback.kinds import StatusKind
from straightway.writeback.status import Known, known

_log = structlog.get_logger()

_PAGE: Final = 100
"""How many objects are read, and so decoded, at once: a few milliseconds of work."""


class Statuses:
    """What each object has, under which ``manager`` we write."""

    def __init__(self, client: Requests, manager: str) -> None:
        self._client = client
        self._manager = manager
        self._known: dict[Reference, Known] = {}
        self._seen: dict[Reference, str] = {}

    def has(self, reference: Reference) -> Known | None:
        """Return what an object has, as far as it was read."""
        return self._known.get(reference)

    def seen(self, reference: Reference, version: str) -> bool:
        """Note an object's resourceVersion; return whether another has written it since."""
        has = self._known.get(reference)
        if has is None or not version or has.version == version:
            return False
        self._seen[reference] = version
        return True

    async def read(self, reference: Reference, path: str) -> Known:
        """Return what an object has, read anew if it is unknown or another has written it.

        Raises: ApiError, UnreachableError: as the client does.
        """
        has, seen = self._known.get(reference), self._seen.pop(reference, None)
        if has is None or (seen is not None and seen != has.version):
            has = self.answered(reference, await self._client.request("GET", path))
        return has

    def answered(self, reference: Reference, body: Any) -> Known:
        """Note an object as the API server has answered it."""
        has = self._known[reference] = known(body, self._manager)
        return has

    def doubt(self, reference: Reference) -> None:
        """Have an object read anew before it is written."""
        self._known.pop(reference, None)

    def forget(self, reference: Reference) -> None:
        """Forget an object."""
        self._known.pop(reference, None)
        self._seen.pop(reference, None)

    def clear(self) -> None:
        """Forget all objects."""
        self._known.clear()
        self._seen.clear()

    async def load(self, kind: StatusKind, version: str, namespaces: Iterable[str]) -> None:
        """Read what all objects of a kind have: one list is cheaper than a read for each.

        ``namespaces`` are those to read, "" for all. If one cannot be read now, each object is read
        before it is written.
        """
        try:
            for namespace in namespaces:
                await self._load(kind, version, namespace)
        except (ApiError, UnreachableError) as error:
            _log.info("status of a kind not read", kind=str(kind.resource), reason=str(error))

    async def _load(self, kind: StatusKind, version: str, namespace: str) -> None:
        query: dict[str, str | int] = {"limit": _PAGE}
        path = kind.resource.path(version, namespace)
        while True:
            page = await self._client.request("GET", path, query=query, timeout=30.0)
            for body in page.get("items") or ():
                metadata = body["metadata"]
                group, name = kind.resource.group, kind.resource.kind
                reference = Reference(group, name, metadata["namespace"], metadata["name"])
                self.answered(reference, body)
            rest = (page.get("metadata") or {}).get("continue")
            if not rest:
                return
            query = {"limit": _PAGE, "continue": rest}
