"""An API server that says what a test wants, over TLS or without, and kubeconfigs for it."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from straightway.kubernetes import Client, connect
from tests.support.kube_credentials import Credentials

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class FakeServer:
    """Answers every request with `handler`; `tokens` are what clients have shown, in order."""

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials
        self.handler: Handler = self._empty
        self.tokens: list[str] = []
        self.url = ""
        self._runner: web.AppRunner | None = None

    async def start(self, *, tls: bool = False, client_certificates: bool = False) -> str:
        """Listen; return the URL."""
        context = None
        if tls:
            files = self.credentials
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(files.ca))
            context.load_cert_chain(files.server_certificate, files.server_key)
            if client_certificates:
                context.verify_mode = ssl.CERT_REQUIRED
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        port = self._runner.addresses[0][1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
        return self.url

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.tokens.append(request.headers.get("Authorization", ""))
        return await self.handler(request)

    @staticmethod
    async def _empty(_: web.Request) -> web.StreamResponse:
        return web.json_response({})


class Kubeconfig:
    """A kubeconfig that a test may rewrite while it is in use."""

    def __init__(self, file: Path, server: str, ca: Path) -> None:
        self.file = file
        self.server = server
        self._ca = ca

    def write(self, user: dict[str, Any], **context: str) -> Path:
        cluster = {"server": self.server, "certificate-authority": str(self._ca)}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": "test", "user": user}],
            "contexts": [
                {"name": "test", "context": {"cluster": "test", "user": "test", **context}},
                {
                    "name": "other",
                    "context": {"cluster": "test", "user": "test", "namespace": "elsewhere"},
                },
            ],
        }
        self.file.write_text(json.dumps(config))
        return self.file


MakeKubeconfig = Callable[[str], Kubeconfig]


def answering(body: str | bytes, status: int = 200, headers: Mapping[str, str] | None = None):
    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body, status=status, headers=headers)

    return handler


@asynccontextmanager
async def begun(request: web.Request, size: int = 0) -> AsyncIterator[web.StreamResponse]:
    response = web.StreamResponse()
    if size:
        response.content_length = size
    await response.prepare(request)
    yield response


@pytest.fixture(scope="session")
def credentials(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    return Credentials(tmp_path_factory.mktemp("fake-api-server") / "credentials")


@pytest.fixture
async def server(credentials: Credentials) -> AsyncIterator[FakeServer]:
    """A fake API server; a test starts it."""
    fake = FakeServer(credentials)
    yield fake
    await fake.stop()


@pytest.fixture
def kubeconfig(tmp_path: Path, credentials: Credentials) -> MakeKubeconfig:
    """Makes a kubeconfig for a server."""
    return lambda url: Kubeconfig(tmp_path / "kubeconfig", url, credentials.ca)


@pytest.fixture
async def api(server: FakeServer, kubeconfig: MakeKubeconfig) -> AsyncIterator[Client]:
    """A client of a fake server without TLS."""
    file = kubeconfig(await server.start()).write({"token": "first"})
    async with connect(file) as connected:
        yield connected
