"""A Kubernetes cluster in memory, in the place of the client: what it answers, a test decides.

It writes Kubernetes' own kinds as protobuf, if that is asked for, and all others as JSON.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

from straightway.kubernetes import ApiError, Client, UnreachableError, media_types
from straightway.kubernetes.answers import Answer, Stream
from straightway.kubernetes.formats import JSON, PROTOBUF, Format
from straightway.kubernetes.resources import NAMESPACES, RESOURCES, SECRETS, Resource
from tests.support import kubernetes_protobuf

Body = dict[str, Any]
_ALL = (*RESOURCES, NAMESPACES, SECRETS)
_END = {"annotations": {"k8s.io/initial-events-end": "true"}}
_Message = bytes | Exception


class FakeCluster:
    """Lists and watches all kinds, as an API server does that has streamed lists."""

    server = "https://cluster.example"
    namespace = "default"

    def __init__(self) -> None:
        self.is_up = True
        self.has_protobuf = True
        """Else it is one behind a proxy that has JSON alone."""
        self.installed = {resource.group for resource in RESOURCES}
        self.forbidden: set[str] = set()
        """Plurals of kinds that may not be read; `namespace/plural`, `namespace/plural/name`."""
        self.failing: set[str] = set()
        """Plurals of kinds for which the server has an internal error."""
        self.refusal: ApiError | None = None
        """What it answers to everything."""
        self.requests: list[str] = []
        self._version = 100
        self._objects: dict[tuple[str, str, str], Body] = {}
        self._watches: list[_Watch] = []

    def as_client(self) -> Client:
        return cast("Client", self)

    # What users and operators do.

    def write(self, body: Body) -> None:
        """Store an object, and tell those who watch."""
        self._version += 1
        key = _key(body)
        kind = "MODIFIED" if key in self._objects else "ADDED"
        version = {"resourceVersion": str(self._version)}
        body = self._objects[key] = {**body, "metadata": {**body["metadata"], **version}}
        self._tell(kind, body)

    def has(self, body: Body) -> bool:
        """Whether there is an object of that name."""
        return _key(body) in self._objects

    def delete(self, body: Body) -> None:
        self._version += 1
        stored = self._objects.pop(_key(body))
        version = {"resourceVersion": str(self._version)}
        self._tell("DELETED", {**stored, "metadata": {**stored["metadata"], **version}})

    def delete_unseen(self, body: Body) -> None:
        """Delete an object while nobody is told."""
        self._version += 1
        del self._objects[_key(body)]

    def go_away(self) -> None:
        self.is_up = False
        self.cut()

    def come_back(self) -> None:
        self.is_up = True

    def cut(self) -> None:
        """Break all watches."""
        self._end(UnreachableError("cut"))

    def expire(self) -> None:
        """End all watches with a 410."""
        self._end(ApiError(410, "Expired", "too old"))

    def _end(self, error: Exception) -> None:
        for watch in self._watches:
            watch.messages.put_nowait(error)
        self._watches = []

    def _tell(self, kind: str, body: Body) -> None:
        for watch in self._watches:
            if watch.wants(body):
                watch.tell(kind, body)

    # What the client offers.

    async def read(
        self,
        path: str,
        query: Mapping[str, Any] | None = None,
        *,
        accept: str = media_types.JSON,
        **_: Any,
    ) -> Answer:
        name = _selected_name(query)
        self._check(path, name)
        parts = path.strip("/").split("/")
        if parts[0] == "apis" and len(parts) == 2:
            versions = {
                each.versions[:1] or ("v1",) for each in RESOURCES if each.group == parts[1]
            }
            return _answer({"versions": [{"version": v} for (v,) in versions]})
        if parts[0] == "apis" and len(parts) == 3:
            plurals = [each.plural for each in RESOURCES if each.group == parts[1]]
            return _answer({"resources": [{"name": plural} for plural in plurals]})
        watch = _Watch(path, name, self._format(path, accept))
        found = [body for body in self._objects.values() if watch.wants(body)]
        metadata = {"resourceVersion": str(self._version)}
        if query and query.get("limit") == 1:
            found, metadata = found[:1], {**metadata, "continue": "more"}
        if watch.format is PROTOBUF:
            page = kubernetes_protobuf.page(found, *metadata.values())
            return Answer(page, PROTOBUF)
        return _answer({"metadata": metadata, "items": found})

    @asynccontextmanager
    async def stream(
        self, path: str, query: Mapping[str, Any], *, accept: str, read_timeout: float
    ) -> AsyncIterator[Stream]:
        name = _selected_name(query)
        self._check(path, name)
        watch = _Watch(path, name, self._format(path, accept))
        self._watches.append(watch)
        if query.get("sendInitialEvents"):
            self._tell_all(watch)
        elif int(query["resourceVersion"]) > self._version:
            await asyncio.Event().wait()
        try:
            yield Stream(watch.batches(), watch.format)
        finally:
            if watch in self._watches:
                self._watches.remove(watch)

    def _tell_all(self, watch: _Watch) -> None:
        for body in self._objects.values():
            if watch.wants(body):
                watch.tell("ADDED", body)
        watch.tell("BOOKMARK", {"metadata": {"resourceVersion": str(self._version), **_END}})

    def _format(self, path: str, accept: str) -> Format:
        is_core = not any(f"/{each.group}/" in path for each in RESOURCES if not each.is_core)
        is_asked_for = media_types.PROTOBUF in accept
        return PROTOBUF if self.has_protobuf and is_core and is_asked_for else JSON

    def _check(self, path: str, name: str = "") -> None:
        self.requests.append(path)
        if not self.is_up:
            raise UnreachableError("connection refused")
        if self.refusal is not None:
            raise self.refusal
        parts = path.strip("/").split("/")
        if parts[0] == "apis" and parts[1] not in self.installed:
            raise ApiError(404, "", "404 page not found")
        plural = parts[-1]
        within = f"{parts[-2]}/{plural}"
        if self.forbidden & {plural, within, f"{within}/{name}"}:
            raise ApiError(403, "Forbidden", f"you cannot list {plural}")
        if plural in self.failing:
            raise ApiError(500, "InternalError", "conversion webhook failed")


class _Watch:
    def __init__(self, path: str, name: str, form: Format) -> None:
        self._name = name
        self._path = path
        self.format = form
        self.messages: asyncio.Queue[_Message] = asyncio.Queue()

    def wants(self, body: Body) -> bool:
        if self._name not in ("", body["metadata"]["name"]):
            return False
        namespace = body["metadata"].get("namespace", "")
        resource = _resource(body)
        version = body["apiVersion"].rpartition("/")[2]
        paths = (resource.path(version), resource.path(version, namespace))
        return self._path in paths

    def tell(self, kind: str, body: Body) -> None:
        self.messages.put_nowait(_event(self.format, kind, body))

    async def batches(self) -> AsyncIterator[list[bytes]]:
        while True:
            message = await self.messages.get()
            if isinstance(message, Exception):
                raise message
            yield [message]


def _selected_name(query: Mapping[str, Any] | None) -> str:
    return str((query or {}).get("fieldSelector", "")).removeprefix("metadata.name=")


def _resource(body: Body) -> Resource:
    group = body["apiVersion"].rpartition("/")[0]
    return next(each for each in _ALL if (each.group, each.kind) == (group, body["kind"]))


def _key(body: Body) -> tuple[str, str, str]:
    return body["kind"], body["metadata"].get("namespace", ""), body["metadata"]["name"]


def _answer(body: Any) -> Answer:
    return Answer(json.dumps(body).encode(), JSON)


def _event(form: Format, kind: str, body: Body) -> bytes:
    if form is PROTOBUF:
        return kubernetes_protobuf.event(kind, body)
    return json.dumps({"type": kind, "object": body}).encode()
