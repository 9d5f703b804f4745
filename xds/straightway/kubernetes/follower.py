"""Follows one kind of object on an API server: asks what its reflector wants to know, for ever."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable
from contextlib import suppress
from typing import Protocol

import structlog

from straightway.kubernetes.client import Client, Query
from straightway.kubernetes.errors import (
    ApiError,
    KubernetesError,
    UnreachableError,
    UnreadableError,
)
from straightway.kubernetes.formats import Format
from straightway.kubernetes.objects import Body, Undecoded
from straightway.kubernetes.reflector import (
    AskForChanges,
    AskForPage,
    AskForStream,
    AskForVersion,
    Failure,
    Reflector,
)
from straightway.kubernetes.resources import Resource
from straightway.kubernetes.versions import served_version

_log = structlog.get_logger()

# https://kubernetes.io/docs/reference/using-api/api-concepts/#streaming-lists
_STREAMED: Query = {"sendInitialEvents": True, "resourceVersionMatch": "NotOlderThan"}
_AT_ONCE = 16
"""How many objects are decoded before others have their turn: about two milliseconds."""
_PAGE = 500
_SMALL = 16_384
"""Bytes of an object as it comes."""
_WATCH_SECONDS = (240, 480)
"""How long a watch lasts, at random: the server closes it then."""
_GRACE_SECONDS = 30.0
"""How much longer than that to wait for the server to do so; also the longest pause of a list."""
_SHORT_SECONDS = 5.0
"""A watch that ends or breaks sooner is a failure: the next waits longer."""
_LACKING_SECONDS = 10.0
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 10.0


class Audience(Protocol):
    """Who is told what a follower finds. ``key`` is ``namespace/name``; nothing may block."""

    def changed(
        self, follower: Follower, key: str, version: str, body: Body, *, is_small: bool
    ) -> None:
        """Handle an object that is new or has changed; ``is_small``: it was short as it came."""

    def gone(self, follower: Follower, keys: Iterable[str]) -> None:
        """Handle objects that are no longer there."""

    def state(self, follower: Follower) -> None:
        """Handle that the kind was listed, is lacking, or is there again."""

    def failed(self, follower: Follower, error: KubernetesError) -> None:
        """Handle that the server did not answer, or refused; the follower tries again."""

    def answered(self, follower: Follower) -> None:
        """Handle a good answer."""


class Follower:
    """Follows the objects of a kind in one namespace, "" for all; or the one with a ``name``."""

    def __init__(
        self,
        client: Client,
        resource: Resource,
        namespace: str,
        audience: Audience,
        name: str = "",
    ) -> None:
        self.resource = resource
        self.namespace = namespace
        self.name = name
        self.reflector = Reflector()
        self.reason = ""
        """Why the kind is lacking, in the server's words."""
        self._client = client
        self._audience = audience
        # RBAC can allow what a list or watch selects by name alone.
        self._selected: Query = {"fieldSelector": f"metadata.name={name}"} if name else {}
        self._version = resource.versions[0] if resource.is_core else ""
        self._wait = _FIRST_WAIT
        self._wake = asyncio.Event()

    def __str__(self) -> str:
        """Return the kind as RBAC rules name it, the name and the namespace."""
        what = f"{self.resource} {self.name}" if self.name else str(self.resource)
        return f"{what} in {self.namespace}" if self.namespace else what

    async def run(self) -> None:
        """Follow until cancelled. Contains every mistake: the watch begins anew."""
        while True:
            try:
                pause = await self._ask()
            except KubernetesError as error:
                pause = self._failed(error)
            except Exception:  # noqa: BLE001 (a bug must not end the control plane)
                _log.exception("internal error, following begins anew", kind=str(self))
                self._note(Failure.EXPIRED)
                pause = self._next_wait()
            self._wake.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()

    def try_now(self) -> None:
        """Do not wait any longer for the next attempt: the server answers again."""
        self._wait = _FIRST_WAIT
        self._wake.set()

    # --- Asking ---

    async def _ask(self) -> float:
        """Ask once; return how long to wait before the next time."""
        if not self._version:
            self._version = await served_version(self._client, self.resource)
        path = self.resource.path(self._version, self.namespace)
        match self.reflector.ask():
            case AskForPage(token):
                await self._list(path, token)
            case AskForVersion():
                _, version, _ = await self._page(path, {"limit": 1}, _GRACE_SECONDS)
                self.reflector.current(version)
                self._audience.answered(self)
            case AskForStream():
                return await self._watch(path, _STREAMED)
            case AskForChanges(version):
                return await self._watch(path, {"resourceVersion": version})
        return 0.0

    async def _list(self, path: str, token: str) -> None:
        query: Query = {"limit": _PAGE, "continue": token} if token else {"limit": _PAGE}
        items, version, next_token = await self._page(path, query, 2 * _GRACE_SECONDS)
        for index, item in enumerate(items, 1):
            self._came(item)
            if not index % _AT_ONCE:
                await asyncio.sleep(0)
        self._listed(self.reflector.page(version, next_token))
        self._audience.answered(self)

    async def _page(
        self, path: str, query: Query, seconds: float
    ) -> tuple[Iterable[Undecoded], str, str]:
        accept, query = self.resource.accept, {**query, **self._selected}
        answer = await self._client.read(path, query, accept=accept, timeout=seconds)
        return answer.format.read_page(answer.content)

    async def _watch(self, path: str, query: Query) -> float:
        clock = asyncio.get_running_loop().time
        started = clock()
        seconds = random.randint(*_WATCH_SECONDS)  # noqa: S311 (no secret: it spreads the load)
        query = {
            **query,
            **self._selected,
            "watch": True,
            "allowWatchBookmarks": True,
            "timeoutSeconds": seconds,
        }
        limit = seconds + _GRACE_SECONDS
        try:
            # A server that is well answers at once, even if it has no events.
            async with (
                asyncio.timeout(_GRACE_SECONDS) as patience,
                self._client.stream(
                    path, query, accept=self.resource.accept, read_timeout=limit
                ) as stream,
            ):
                self._audience.answered(self)
                self._be_patient(patience)
                async for messages in stream.batches:
                    await self._take(messages, stream.format)
                    # More may be there already: then nothing else has had its turn.
                    await asyncio.sleep(0)
                    self._be_patient(patience)
        except TimeoutError as error:
            raise UnreachableError("the list or the watch does not begin, or stalls") from error
        finally:
            if clock() - started >= _SHORT_SECONDS:
                self._wait = _FIRST_WAIT
        self.reflector.ended()
        return self._next_wait() if clock() - started < _SHORT_SECONDS else 0.0

    def _be_patient(self, patience: asyncio.Timeout) -> None:
        """Allow for silence: in a watch any, in a list some."""
        now = asyncio.get_running_loop().time()
        patience.reschedule(now + _GRACE_SECONDS if self.reflector.is_listing else None)

    # --- What came ---

    async def _take(self, messages: list[bytes], form: Format) -> None:
        for index, message in enumerate(messages, 1):
            kind, item = form.read_event(message)
            if kind == "BOOKMARK":
                version, ends_list = item.bookmark()
                self._listed(self.reflector.bookmark(version, ends_list=ends_list))
            elif kind == "DELETED":
                key, version = item.identity()
                if self.reflector.went(key, version):
                    self._audience.gone(self, [key])
            else:
                self._came(item)
            if not index % _AT_ONCE:
                await asyncio.sleep(0)

    def _came(self, item: Undecoded) -> None:
        try:
            body = item.body(self.resource)
        except UnreadableError as error:
            # One object that nobody can read must not cost the others.
            key = item.identity()[0]
            self.reflector.is_there(key)
            _log.warning("object not readable", kind=str(self), key=key, reason=str(error))
            return
        key, version = _identity(body)
        if self.reflector.came(key, version):
            body["metadata"].pop("resourceVersion")
            body |= {
                "apiVersion": self.resource.api_version(self._version),
                "kind": self.resource.kind,
            }
            is_small = item.size <= _SMALL
            try:
                self._audience.changed(self, key, version, body, is_small=is_small)
            except Exception:  # noqa: BLE001 (a bug at one object must not cost the others)
                self.reflector.missed(key)
                _log.exception("internal error, an object is left out", kind=str(self), key=key)

    def _listed(self, gone: Iterable[str]) -> None:
        if gone:
            self._audience.gone(self, gone)
        if not self.reflector.is_listing:
            self._audience.state(self)

    # --- What went wrong ---

    def _failed(self, error: KubernetesError) -> float:
        """Note a failure; return how long to wait."""
        failure = self._failure_of(error)
        if failure is not Failure.BROKEN:
            self._audience.answered(self)
        if failure in (Failure.EXPIRED, Failure.NOT_STREAMED):
            self._note(failure)
            # Once it is only news; if it happens again and again, it is a fault.
            is_first = self._wait == _FIRST_WAIT
            wait = self._next_wait()
            return 0.0 if is_first else wait
        if failure in (Failure.UNKNOWN_KIND, Failure.FORBIDDEN):
            # Its group may be served in other versions next time.
            self._version = self.resource.versions[0] if self.resource.is_core else ""
            self.reason = error.message if isinstance(error, ApiError) else str(error)
            self._note(failure)
            self._audience.state(self)
            # Without a confirmation, it is a server that has just started.
            return _spread(_LACKING_SECONDS if self.reflector.lack else _FIRST_WAIT)
        self._note(failure)
        self._audience.failed(self, error)
        asked = getattr(error, "retry_after", None) or 0.0
        return max(self._next_wait(), asked)

    def _failure_of(self, error: KubernetesError) -> Failure:
        status = error.status if isinstance(error, ApiError) else 0
        if status == 410:
            return Failure.EXPIRED
        if status in (400, 422) and isinstance(self.reflector.ask(), AskForStream):
            return Failure.NOT_STREAMED
        if status == 404 and not self.resource.is_core:
            return Failure.UNKNOWN_KIND
        # Every server has Kubernetes' own kinds: one that says otherwise is none, or not ready.
        return Failure.FORBIDDEN if status == 403 else Failure.BROKEN

    def _note(self, failure: Failure) -> None:
        if gone := self.reflector.failed(failure, asyncio.get_running_loop().time()):
            self._audience.gone(self, gone)

    def _next_wait(self) -> float:
        wait, self._wait = self._wait, min(2 * self._wait, _LONGEST_WAIT)
        return _spread(wait)


def _identity(body: Body) -> tuple[str, str]:
    """Return an object's key, ``namespace/name``, and its version."""
    metadata = body.get("metadata") or {}
    key = f"{metadata.get('namespace', '')}/{metadata.get('name', '')}"
    return key, str(metadata.get("resourceVersion", ""))


def _spread(seconds: float) -> float:
    """Return a random time around the given one, so that replicas do not all come at once."""
    return seconds * random.uniform(0.75, 1.25)  # noqa: S311 (no secret)
