"""What `straightway serve` tells gRPC health checks."""

from __future__ import annotations

import asyncio
from pathlib import Path

import grpc
import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub

from straightway import app
from straightway.proxies.addresses import Address
from straightway.sources.folder import FolderSource
from tests.support.calls import read
from tests.support.ports import free_port
from tests.support.waiting import DEADLINE


async def test_the_control_plane_serves_from_its_first_config_on_until_it_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    may_read = asyncio.Event()

    class LateSource(FolderSource):
        async def run(self, emit):
            await may_read.wait()
            await super().run(emit)

    monkeypatch.setattr(app, "FolderSource", LateSource)
    port = free_port()
    serving = asyncio.create_task(
        app.serve(Address("127.0.0.1", port), app.Options(folder=tmp_path))
    )
    async with (
        asyncio.timeout(DEADLINE),
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        watch = HealthStub(channel).Watch(HealthCheckRequest(), wait_for_ready=True)
        assert (await read(watch, HealthCheckResponse)).status == HealthCheckResponse.NOT_SERVING
        may_read.set()
        assert (await read(watch, HealthCheckResponse)).status == HealthCheckResponse.SERVING
        serving.cancel()
        assert (await read(watch, HealthCheckResponse)).status == HealthCheckResponse.NOT_SERVING
        with pytest.raises(asyncio.CancelledError):
            await serving
