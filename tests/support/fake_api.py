"""An API server in memory: as much of one as the leader, the writer and the recorder ask for."""

from __future__ import annotations

import asyncio
import copy
import itertools
from collections.abc import Callable, Mapping
from typing import Any

from straightway.kubernetes import ApiError, UnreachableError

Body = dict[str, Any]


class FakeApi:
    """Objects by path. Every answer takes ``latency`` seconds.

    ``trouble`` is asked before each request for what to raise. With ``has_list`` the conditions of
    a status are one list, as in Istio's schema, and are not merged by type; ``unknown`` are fields
    of a status that the schema lacks, and that are dropped.
    """

    def __init__(self, latency: float = 0.01) -> None:
        self.objects: dict[str, Body] = {}
        self.log: list[tuple[float, str, str]] = []
        self.bodies: list[Any] = []
        self.latency = latency
        self.trouble: Callable[[str, str], Exception | None] = lambda *_: None
        self.has_list = False
        self.unknown: set[str] = set()
        self._managers: dict[str, dict[str, Body]] = {}
        self._versions = itertools.count(1)

    # --- What tests do ---

    def create(self, path: str, **more: Any) -> Body:
        """Put an object in."""
        name = path.rpartition("/")[2]
        namespace = path.partition("/namespaces/")[2].partition("/")[0]
        metadata = {"name": name, "namespace": namespace, "uid": f"uid-{next(self._versions)}"}
        self.objects[path] = {"metadata": {**metadata, "generation": 1}, "status": {}, **more}
        return self._changed(path)

    def delete(self, path: str) -> None:
        del self.objects[path]
        self._managers.pop(path, None)

    def conditions(self, path: str) -> dict[str, Body]:
        """Return the conditions of an object by type."""
        found = self.objects[path]["status"].get("conditions", [])
        return {each["type"]: each for each in found}

    def write_status(self, path: str, status: Body, manager: str = "other") -> str:
        """Replace the whole status, as a controller does that updates it; return its version."""
        self._managers[path] = {manager: copy.deepcopy(status)}
        self.objects[path]["status"] = copy.deepcopy(status)
        version: str = self._changed(path)["metadata"]["resourceVersion"]
        return version

    def count(self, method: str, ending: str = "") -> int:
        """Return how many requests there were."""
        return sum(m == method and path.endswith(ending) for _, m, path in self.log)

    # --- What the client does ---

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: Mapping[str, str | int | bool] | None = None,
        content_type: str = "application/json",
        timeout: float = 10.0,  # noqa: ASYNC109 (as the client has it)
    ) -> Any:
        self.log.append((asyncio.get_running_loop().time(), method, path))
        self.bodies.append(body)
        try:
            async with asyncio.timeout(timeout):
                await asyncio.sleep(self.latency)
        except TimeoutError:
            raise UnreachableError("no answer in time") from None
        if (error := self.trouble(method, path)) is not None:
            raise error
        answer = getattr(self, f"_{method.lower()}")(path, body, query or {}, content_type)
        return copy.deepcopy(answer)

    def _get(self, path: str, _body: Any, _query: Any, _type: str) -> Body:
        if path in self.objects:
            return self.objects[path]
        root, _, plural = path.rpartition("/")
        items = [
            body
            for each, body in self.objects.items()
            if each.startswith(root) and each.split("/")[-2] == plural
        ]
        if items or "/namespaces/" not in path:
            return {"items": items, "metadata": {}}
        raise _not_found(path)

    def _post(self, path: str, body: Body, _query: Any, _type: str) -> Body:
        path = f"{path}/{body['metadata']['name']}"
        if path in self.objects:
            raise ApiError(409, "AlreadyExists", f"{path} already exists")
        self.objects[path] = copy.deepcopy(body)
        return self._changed(path)

    def _put(self, path: str, body: Body, _query: Any, _type: str) -> Body:
        if path not in self.objects:
            raise _not_found(path)
        version = body["metadata"].get("resourceVersion")
        if version != self.objects[path]["metadata"]["resourceVersion"]:
            raise ApiError(409, "Conflict", "the object has been modified")
        self.objects[path] = copy.deepcopy(body)
        return self._changed(path)

    def _patch(self, path: str, body: Body, query: Any, content_type: str) -> Body:
        path = path.removesuffix("/status")
        if path not in self.objects:
            raise _not_found(path)
        if content_type.startswith("application/merge-patch"):
            self.objects[path].update(copy.deepcopy(body))
            return self._changed(path)
        assert content_type == "application/apply-patch+yaml"
        assert query["force"] is True
        self._apply(path, body.get("status"), str(query["fieldManager"]))
        return self._changed(path)

    def _apply(self, path: str, status: Body | None, manager: str) -> None:
        managers = self._managers.setdefault(path, {})
        before = managers.pop(manager, {})
        now = {k: v for k, v in copy.deepcopy(status or {}).items() if k not in self.unknown}
        merged: Body = self.objects[path]["status"]
        conditions = {} if self.has_list and "conditions" in now else self.conditions(path)
        for each in before.get("conditions", []):
            conditions.pop(each["type"], None)
        for field in before:
            merged.pop(field, None)
        conditions.update({each["type"]: each for each in now.get("conditions", [])})
        merged.update(now)
        merged.pop("conditions", None)
        if conditions:
            merged["conditions"] = list(conditions.values())
        if now:
            managers[manager] = now

    def _changed(self, path: str) -> Body:
        body = self.objects[path]
        body["metadata"]["resourceVersion"] = str(next(self._versions))
        if managers := self._managers.get(path):
            body["metadata"]["managedFields"] = [
                {"manager": name, "subresource": "status", "fieldsV1": self._fields(owned)}
                for name, owned in managers.items()
            ]
        else:
            body["metadata"].pop("managedFields", None)
        return body

    def _fields(self, owned: Body) -> Body:
        fields: Body = {f"f:{name}": {} for name in owned}
        if not self.has_list and "conditions" in owned:
            fields["f:conditions"] = {f"k:{each['type']}": {} for each in owned["conditions"]}
        return {"f:status": fields}


def _not_found(path: str) -> ApiError:
    return ApiError(404, "NotFound", f'"{path.rpartition("/")[2]}" not found')
