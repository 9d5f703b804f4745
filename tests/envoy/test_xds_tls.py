"""A real Envoy that reaches its control plane by TLS: what it shows and trusts, while that changes.

Its bootstrap is what `straightway bootstrap` prints, its files are mounted as Kubernetes does.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path, PurePosixPath

import grpc
import pytest

from straightway.certificates import KeyPair, ServerTls, bundle_of, issue, make_authority
from straightway.discovery import (
    Admission,
    Cache,
    DiscoveryServer,
    Peer,
    RefusedError,
    grpc_options,
)
from straightway.proxies.addresses import Address
from straightway.proxies.bootstrap import Node, make_bootstrap, to_dict
from straightway.proxies.xds_tls import XdsTls, secret_files
from tests.support.certificates import AUTHORITY, NOW, server_pair, spiffe_pair
from tests.support.envoy import EnvoyProcess
from tests.support.mounts import MountedVolume
from tests.support.ports import free_port
from tests.support.waiting import DEADLINE, eventually

NAME = "straightway.straightway-system.svc"


class Server:
    """A discovery server that admits who shows what is expected, and remembers everybody."""

    def __init__(self, tls: ServerTls) -> None:
        self.tls = tls
        self.port = free_port()
        self.demands_certificates = False
        self.peers: list[Peer] = []
        self.expected: Callable[[Peer], bool] = lambda peer: False
        self.admitted = asyncio.Event()

    async def _authenticate(self, peer: Peer) -> Admission:
        self.peers.append(peer)
        if not self.expected(peer):
            raise RefusedError("come again")
        self.admitted.set()
        return Admission()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve; at the end all connections are closed."""
        discovery = DiscoveryServer(Cache(), lambda node: "all", authenticate=self._authenticate)
        listener = grpc.aio.server(options=grpc_options())
        discovery.add_to(listener)
        credentials = self.tls.grpc_credentials(demands_certificates=self.demands_certificates)
        listener.add_secure_port(f"127.0.0.1:{self.port}", credentials)
        await listener.start()
        try:
            yield
        finally:
            await listener.stop(0)

    async def admits(self, expected: Callable[[Peer], bool]) -> None:
        """Wait for a stream of a client that shows what is expected; refuse all others."""
        self.expected = expected
        try:
            async with asyncio.timeout(DEADLINE):
                await self.admitted.wait()
        finally:
            self.admitted.clear()
            self.expected = lambda peer: False


def with_token(token: str) -> Callable[[Peer], bool]:
    return lambda peer: peer.metadata.get("authorization") == f"Bearer {token}"


def with_uri(uri: str) -> Callable[[Peer], bool]:
    return lambda peer: peer.security.get("peer_spiffe_id") == (uri.encode(),)


class Mounts:
    """What a proxy's containers see: the ConfigMap of the control plane, and the token."""

    def __init__(self, folder: Path, token: str) -> None:
        self.token = MountedVolume(folder / "token", {"token": token.encode()})
        # Its files are in it as soon as their paths are known.
        self.authority = MountedVolume(folder / "ca", {"ca.crt": AUTHORITY.certificate})
        self.tls = XdsTls(
            authorities=PurePosixPath(self.authority / "ca.crt"),
            secrets=PurePosixPath(self.authority.folder),
            token=PurePosixPath(self.token / "token"),
            server_name=NAME,
        )
        self.trust(AUTHORITY)

    def trust(self, *authorities: KeyPair) -> None:
        bundle = bundle_of(each.certificate for each in authorities)
        files = {name: text.encode() for name, text in secret_files(self.tls).items()}
        self.authority.put({"ca.crt": bundle, **files})

    def envoy(self, port: int, folder: Path) -> EnvoyProcess:
        bootstrap = make_bootstrap(
            Node("any"), Address("127.0.0.1", port), admin=Address("127.0.0.1", 0), tls=self.tls
        )
        return EnvoyProcess("tls", to_dict(bootstrap), folder)


async def test_a_new_token_is_shown_on_the_next_stream(processes, tmp_path):
    server, mounts = Server(ServerTls(server_pair(NAME))), Mounts(tmp_path, "one")
    envoy = mounts.envoy(server.port, tmp_path)
    processes.append(envoy)
    async with server.running():
        await asyncio.to_thread(envoy.start)
        await server.admits(with_token("one"))
    for token in ("two", "three"):
        mounts.token.put({"token": token.encode()})
        async with server.running():
            await server.admits(with_token(token))


async def test_authorities_change_without_a_restart(processes, tmp_path):
    old, new = AUTHORITY, make_authority(NOW)
    server, mounts = Server(ServerTls(server_pair(NAME))), Mounts(tmp_path, "token")
    envoy = mounts.envoy(server.port, tmp_path)
    processes.append(envoy)
    async with server.running():
        await asyncio.to_thread(envoy.start)
        await server.admits(with_token("token"))

    mounts.trust(new, old)
    server.tls.use(issue(new, [NAME], NOW))
    async with server.running():
        await server.admits(with_token("token"))


@pytest.mark.parametrize("name", ["another authority", "another name"])
async def test_a_server_that_is_not_the_one_gets_no_token(processes, tmp_path, name):
    mounts = Mounts(tmp_path, "token")
    impostor = {
        "another authority": issue(make_authority(NOW), [NAME], NOW),
        "another name": server_pair("other.straightway-system.svc", "127.0.0.1"),
    }[name]
    server = Server(ServerTls(impostor))
    envoy = mounts.envoy(server.port, tmp_path)
    processes.append(envoy)
    async with server.running():
        await asyncio.to_thread(envoy.start)
        failures = "cluster.xds-grpc.upstream_cx_connect_fail"
        await asyncio.to_thread(eventually, lambda: envoy.stat(failures))
    assert server.peers == []


async def test_a_client_certificate_is_exchanged(processes, tmp_path):
    tls = ServerTls(server_pair(NAME), client_authorities=AUTHORITY.certificate)
    server, mounts = Server(tls), Mounts(tmp_path, "token")
    server.demands_certificates = True
    shown = MountedVolume(tmp_path / "client", files_of(spiffe_pair("shop", "old")))
    mounts.tls = XdsTls(
        authorities=mounts.tls.authorities,
        secrets=mounts.tls.secrets,
        certificate=PurePosixPath(shown / "tls.crt"),
        key=PurePosixPath(shown / "tls.key"),
        server_name=NAME,
    )
    mounts.trust(AUTHORITY)
    envoy = mounts.envoy(server.port, tmp_path)
    processes.append(envoy)
    for account in ("old", "new"):
        shown.put(files_of(spiffe_pair("shop", account)))
        async with server.running():
            if account == "old":
                await asyncio.to_thread(envoy.start)
            await server.admits(with_uri(f"spiffe://cluster.local/ns/shop/sa/{account}"))


def files_of(pair: KeyPair) -> dict[str, bytes]:
    return {"tls.crt": pair.certificate, "tls.key": pair.key}
