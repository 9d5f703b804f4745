"""A real etcd, which `make kube` builds."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from tests.support.http import HttpClient
from tests.support.kube_binaries import program
from tests.support.ports import free_port
from tests.support.processes import GuardedProcess
from tests.support.waiting import eventually


class Etcd:
    """One server, whose data is lost with its folder."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        peers = f"http://127.0.0.1:{free_port()}"
        command = [
            program("etcd"),
            f"--data-dir={folder / 'etcd'}",
            f"--listen-client-urls={self.url}",
            f"--advertise-client-urls={self.url}",
            f"--listen-peer-urls={peers}",
            f"--initial-advertise-peer-urls={peers}",
            f"--initial-cluster=default={peers}",
            "--unsafe-no-fsync",
            "--log-level=warn",
        ]
        self.process = GuardedProcess("etcd", command, folder / "etcd.log")

    def start(self) -> None:
        self.process.start()
        eventually(lambda: self._ask("range", key=_text("any")))

    def put(self, key: str, value: object) -> int:
        """Write JSON; return the revision."""
        told = self._ask("put", key=_text(key), value=_text(json.dumps(value)))
        return int(told["header"]["revision"])

    def put_text(self, key: str, value: str) -> None:
        self._ask("put", key=_text(key), value=_text(value))

    def delete(self, key: str) -> None:
        self._ask("deleterange", key=_text(key))

    def compact(self, revision: int) -> None:
        """Drop everything that is older than a revision."""
        self._ask("compaction", revision=revision, physical=True)

    def close(self) -> None:
        self.process.close()

    def _ask(self, what: str, **request: Any) -> dict[str, Any]:
        client = HttpClient(self.port)
        try:
            answer = client.send_json(f"/v3/kv/{what}", request)
        finally:
            client.close()
        assert answer.ok, answer
        return answer.json()


def _text(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
