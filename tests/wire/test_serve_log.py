"""What the log of `straightway serve` says when config changes and vanishes."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub

from tests.support.config_folder import ConfigFolder
from tests.support.configs import service
from tests.support.control_plane import ControlPlane
from tests.support.ports import free_port
from tests.support.waiting import DEADLINE, eventually


def test_changes_and_what_is_given_up_are_named(tmp_path: Path) -> None:
    config = ConfigFolder(tmp_path / "config")
    config.write("web.yaml", service("web", "{name: http, port: 80}"))
    with closing(ControlPlane(config, tmp_path, "--vanish-grace", "0.5")) as control_plane:
        control_plane.start()
        eventually(lambda: control_plane.logs("config in force"), what="config is in force")

        config.write("api.yaml", service("api", "{name: http, port: 80}"))
        eventually(lambda: control_plane.logs("config changed", added=1), what="the change is told")
        config.remove("web.yaml")
        config.remove("api.yaml")
        eventually(lambda: control_plane.logs("config changed", removed=2), what="both are gone")

        (added, removed) = control_plane.logs("config changed")
        (warning,) = control_plane.logs("vanished objects removed")
    assert added["objects"] == ["added Service default/api"]
    assert removed["objects"] == ["removed Service default/api", "removed Service default/web"]
    assert (warning["removed"], warning["reason"]) == ("2 Services", "missing for 0.5 s")


def serve_without_reader(config: ConfigFolder, address: str) -> subprocess.Popen[bytes]:
    """Start `straightway serve` with a log that is a closed pipe."""
    reader, writer = os.pipe()
    os.close(reader)
    serve = ["-m", "straightway", "serve", "--config", str(config.path), "--no-state"]
    process = subprocess.Popen([sys.executable, *serve, "--xds-address", address], stderr=writer)
    os.close(writer)
    return process


async def test_serving_goes_on_when_nobody_reads_the_log_any_more(tmp_path: Path) -> None:
    config = ConfigFolder(tmp_path / "config")
    config.write("web.yaml", service("web", "{name: http, port: 80}"))
    address = f"127.0.0.1:{free_port()}"
    process = serve_without_reader(config, address)
    try:
        async with (
            asyncio.timeout(DEADLINE),
            grpc.aio.insecure_channel(address) as channel,
        ):
            watch = HealthStub(channel).Watch(HealthCheckRequest(), wait_for_ready=True)
            async for answer in watch:
                if answer.status == HealthCheckResponse.SERVING:
                    break
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE) == 0
    finally:
        process.kill()
        process.wait()
