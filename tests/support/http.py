"""An HTTP client that sends one request at a time."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.waiting import DEADLINE

UPSTREAM_HEADER = "x-upstream"
"""The response header in which every upstream of the tests says its name."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer. Without one, `status` is 0 and `error` says why."""

    status: int
    upstream: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    seconds: float = 0.0
    error: str = ""

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> dict[str, Any]:
        data: dict[str, Any] = json.loads(self.body)
        return data


class HttpClient:
    """A client for one port over one keep-alive connection. Not thread-safe."""

    def __init__(self, port: int, *, address: str = "127.0.0.1") -> None:
        self._connection = http.client.HTTPConnection(address, port, timeout=DEADLINE)

    @property
    def port(self) -> int:
        """The port that it calls."""
        return self._connection.port

    @property
    def local_port(self) -> int:
        """The port of its own end: another one after it has connected again."""
        return int(self._connection.sock.getsockname()[1])

    def send(
        self,
        path: str = "/",
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        start = time.perf_counter()
        try:
            self._connection.request(method, path, body, dict(headers or {}))
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            seconds = time.perf_counter() - start
            return Answer(0, seconds=seconds, error=f"{type(error).__name__}: {error}")
        answered = {name.lower(): value for name, value in response.getheaders()}
        return Answer(
            status=response.status,
            upstream=answered.get(UPSTREAM_HEADER, ""),
            headers=answered,
            body=content,
            seconds=time.perf_counter() - start,
            error="" if response.status < 500 else content.decode(errors="replace"),
        )

    def send_json(self, path: str, data: object, **headers: str) -> Answer:
        """Send an object as JSON by POST."""
        body = json.dumps(data).encode()
        return self.send(
            path, method="POST", headers={"content-type": "application/json", **headers}, body=body
        )

    def close(self) -> None:
        self._connection.close()
