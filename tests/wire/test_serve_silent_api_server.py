"""`straightway serve --kubernetes` ends soon after SIGTERM while the API server says nothing."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.control_plane import ControlPlane
from tests.support.ports import free_port
from tests.support.processes import ManagedProcess
from tests.support.waiting import eventually

SOON = 8.0
"""Seconds: within what Kubernetes gives a Pod by default, 30, on a busy machine."""


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A server that accepts every connection, and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as server:
        yield server


@pytest.fixture
def kubeconfig(silent: socket.socket, tmp_path: Path) -> Path:
    port = silent.getsockname()[1]
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "silent",
        "clusters": [{"name": "silent", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "me", "user": {"token": "a-token"}}],
        "contexts": [{"name": "silent", "context": {"cluster": "silent", "user": "me"}}],
    }
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps(config))
    return file


def exit_code(control_plane: ControlPlane) -> int | None:
    """What it ends with after SIGTERM."""
    control_plane.signal(signal.SIGTERM)
    eventually(lambda: control_plane.exit_code is not None, what="it ends", seconds=SOON)
    return control_plane.exit_code


@pytest.mark.parametrize("more", [(), ("--tls-secret", "home/straightway")])
def test_it_ends(kubeconfig: Path, silent: socket.socket, tmp_path: Path, more: tuple[str, ...]):
    options = ["--kubernetes", "--write-status", "--kubeconfig", str(kubeconfig), *more]
    if more:
        options += ["--xds-tls-address", f"127.0.0.1:{free_port()}", "--tls-name", "localhost"]
        options += ["--webhook-address", f"127.0.0.1:{free_port()}"]
    control_plane = ControlPlane(None, tmp_path, *options)
    # With a certificate from the API server it listens only once it has one.
    ManagedProcess.start(control_plane)
    try:
        silent.settimeout(60)
        connection, _ = silent.accept()
        with connection:
            assert connection.recv(4) == b"GET "
            if not more:
                eventually(lambda: control_plane.logs("listening"), what="it listens")
            assert exit_code(control_plane) == 0, control_plane.tail()
    finally:
        control_plane.close()
