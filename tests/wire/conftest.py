"""A discovery server and clients, over real gRPC on an ephemeral port."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import grpc
import pytest

from straightway.certificates import ServerTls
from straightway.discovery import Authenticate, Cache, DiscoveryServer, Settings, grpc_options
from straightway.discovery.access import KeyOf
from tests.support.discovery import Discovery, Recorder, secure_channel


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
async def serve(recorder: Recorder) -> AsyncIterator[Callable[..., Awaitable[Discovery]]]:
    """Start discovery servers with settings, gRPC options and keys of the test's own."""
    running: list[Discovery] = []

    async def start(
        settings: Settings | None = None,
        *,
        options: list[tuple[str, int]] | None = None,
        key_of: KeyOf = lambda node: node.cluster,
        authenticate: Authenticate | None = None,
        tls: ServerTls | None = None,
        demands_certificates: bool = False,
    ) -> Discovery:
        cache = Cache()
        server = DiscoveryServer(
            cache, key_of, callbacks=[recorder], settings=settings, authenticate=authenticate
        )
        listener = grpc.aio.server(options=options or grpc_options())
        server.add_to(listener)
        if tls is None:
            port = listener.add_insecure_port("127.0.0.1:0")
            channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}")
        else:
            port = listener.add_secure_port(
                "127.0.0.1:0", tls.grpc_credentials(demands_certificates=demands_certificates)
            )
            channel = secure_channel(port)
        await listener.start()
        running.append(Discovery(cache, server, listener, channel, port))
        return running[-1]

    yield start
    for discovery in running:
        await discovery.stop()


@pytest.fixture
async def discovery(serve: Callable[..., Awaitable[Discovery]]) -> Discovery:
    return await serve()
