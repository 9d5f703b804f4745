"""The gate between Envoy and the control plane."""

from __future__ import annotations

import socket
from contextlib import closing

from bench.gate import Gate
from tests.support.ports import free_port
from tests.support.waiting import DEADLINE, eventually


def connect(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=DEADLINE)


def test_what_is_said_before_the_target_listens_reaches_it_afterwards() -> None:
    port = free_port()
    with closing(Gate(port)) as gate, connect(gate.address) as client:
        client.sendall(b"hello")
        gate.wait_for_client(DEADLINE)
        with socket.create_server(("127.0.0.1", port)) as target:
            connection, _ = target.accept()
            with connection:
                assert connection.recv(5, socket.MSG_WAITALL) == b"hello"


def test_only_what_comes_from_the_target_is_counted() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as target,
        closing(Gate(target.getsockname()[1])) as gate,
        connect(gate.address) as client,
    ):
        connection, _ = target.accept()
        with connection:
            client.sendall(b"question")
            assert connection.recv(8, socket.MSG_WAITALL) == b"question"
            connection.sendall(b"answer")
            assert client.recv(6, socket.MSG_WAITALL) == b"answer"
            eventually(lambda: gate.passed == len(b"answer"), what="the count")
