"""Answers that stream: an event reaches the client before the runtime says the next."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator

import pytest

from tests.support.mesh import NAMESPACE, Mesh
from tests.support.objects import (
    destination_rule,
    dynamic_subset,
    route_to,
    service,
    virtual_service,
    workload_entry,
)
from tests.support.waiting import DEADLINE

BODY = json.dumps({"model": "qwen", "stream": True}).encode()
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


class Talker:
    """A server that says one event, and the next when it is told to."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        threading.Thread(target=self._talk, daemon=True).start()

    def _talk(self) -> None:
        connection, _ = self._server.accept()
        with connection:
            asked = b""
            while BODY not in asked:
                asked += connection.recv(65_536)
            connection.sendall(HEAD + chunk(b"data: one\n\n"))
            self.go_on.wait(DEADLINE)
            connection.sendall(chunk(b"data: two\n\n") + chunk(b""))

    def close(self) -> None:
        self._server.close()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


@pytest.fixture
def talker() -> Iterator[Talker]:
    talker = Talker()
    yield talker
    talker.close()


def test_an_answer_streams_though_its_request_was_kept_back(mesh: Mesh, talker: Talker) -> None:
    port = mesh.open_port()
    labels = {"app": "runtime", "model": "qwen"}
    keys = [{"key": "model", "preset": "openai"}]
    mesh.config.write(
        "all.yaml",
        workload_entry("talker", NAMESPACE, labels=labels, ports={"http": talker.port}),
        service("runtimes", NAMESPACE, selector={"app": "runtime"}, ports={"http": 80}),
        destination_rule(
            "runtimes", NAMESPACE, load_balancer=dynamic_subset("model", policy="NO_FALLBACK")
        ),
        virtual_service("routes", NAMESPACE, [route_to("runtimes", dynamicSubsetKeys=keys)]),
    )
    mesh.start_envoy().wait_for_listener(port)

    with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE) as connection:
        head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: {len(BODY)}\r\n"
        connection.sendall(head.encode() + b"content-type: application/json\r\n\r\n" + BODY)
        answer = b""
        while b"data: one" not in answer:
            answer += connection.recv(65_536)
        assert b"data: two" not in answer
        talker.go_on.set()
        while b"data: two" not in answer:
            answer += connection.recv(65_536)
