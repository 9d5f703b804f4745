"""Tells Events to the API server, at a bounded rate."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final

import structlog

from straightway.documents import Reference
from straightway.kubernetes.errors import ApiError, UnreachableError
from straightway.kubernetes.patches import MERGE_PATCH
from straightway.kubernetes.requests import Requests
from straightway.token_bucket import TokenBucket
from straightway.writeback.events import Notice, Notices, counted_up, event_of

_log = structlog.get_logger()

RATE: Final = 5.0
BURST: Final = 25
_PAUSE: Final = 5.0
_FORBIDDEN_PAUSE: Final = 300.0

Identify = Callable[[Reference], Awaitable[tuple[str, str] | None]]
"""Returns an object's apiVersion and uid; None if it does not exist (any more)."""


class Recorder:
    """Records Events about objects while :meth:`run` runs.

    ``instance`` names this replica.
    """

    def __init__(self, client: Requests, instance: str, identify: Identify) -> None:
        self._client = client
        self._instance = instance
        self._identify = identify
        self._notices = Notices()
        self._bucket = TokenBucket(RATE, BURST)
        self._added = asyncio.Event()
        self._is_told = False

    def record(self, notice: Notice, *, counts: bool = True) -> None:
        """Have something told; ``counts``: it has just happened."""
        self._notices.add(notice, counts=counts)
        self._added.set()

    def reset(self) -> None:
        """Forget what was not told."""
        self._notices = Notices()

    async def run(self) -> None:
        """Tell what is recorded until cancelled."""
        clock = asyncio.get_running_loop().time
        while True:
            now = clock()
            due = self._notices.due()
            pause = self._bucket.wait(now)
            if due is None or pause > 0 or due > now:
                await self._sleep(None if due is None else max(pause, due - now))
                continue
            taken = self._notices.take(now)
            if taken is not None:
                self._bucket.take(now)
                await self._tell(*taken)

    async def _sleep(self, seconds: float | None) -> None:
        self._added.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._added.wait()
        except TimeoutError:
            pass

    async def _tell(self, notice: Notice, count: int) -> None:
        try:
            found = await self._identify(notice.reference)
            if found is not None:
                await self._create(notice, count, *found)
        except UnreachableError:
            self._notices.put_back(notice, count)
            await asyncio.sleep(_PAUSE)
        except ApiError as error:
            if error.status in (401, 429) or error.status >= 500:
                self._notices.put_back(notice, count)
                await asyncio.sleep(error.retry_after or _PAUSE)
            elif error.status != 404:  # Its namespace is gone, and so is the object.
                await self._refused(error)
        except Exception:  # noqa: BLE001 (the edge of our own code: logged with its cause)
            _log.exception("internal error, an event is not told", object=str(notice.reference))

    async def _refused(self, error: ApiError) -> None:
        if not self._is_told:
            self._is_told = True
            _log.warning(
                "events not told",
                reason=str(error),
                remedy="allow the service account to create, get and patch events.events.k8s.io",
            )
        if error.status == 403:
            await asyncio.sleep(_FORBIDDEN_PAUSE)

    async def _create(self, notice: Notice, count: int, api_version: str, uid: str) -> None:
        namespace = notice.reference.namespace
        collection = f"/apis/events.k8s.io/v1/namespaces/{namespace}/events"
        event = event_of(notice, api_version, uid, self._instance, _now())
        try:
            await self._client.request("POST", collection, body=event)
        except ApiError as error:
            if error.status != 409 or error.reason != "AlreadyExists":
                raise
            if count:
                await self._count_up(f"{collection}/{notice.name}", count)

    async def _count_up(self, path: str, count: int) -> None:
        event: dict[str, Any] = await self._client.request("GET", path)
        body = counted_up(event, count, _now())
        await self._client.request("PATCH", path, body=body, content_type=MERGE_PATCH)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
