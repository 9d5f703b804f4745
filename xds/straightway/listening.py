"""The xDS ports: one without TLS, and others with it, where proxies prove who they are.

It makes ``certificates``, ``identities`` and gRPC's ports from options; what they do is said there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import structlog

from straightway import __version__
from straightway.catalog import Catalog
from straightway.certificates import (
    CertificateFileError,
    KeyPair,
    Keyring,
    SecretKeyring,
    ServerTls,
    followed_authorities,
    followed_pair,
    read_authorities,
    read_pair,
)
from straightway.discovery import DiscoveryServer, grpc_options
from straightway.identities import Admissions, PodReader, Tokens
from straightway.proxies.addresses import Address
from straightway.system_errors import reason_of

if TYPE_CHECKING:
    from straightway.kubernetes import Client

_log = structlog.get_logger()


class ListenError(Exception):
    """Listening on the address fails; the message names it and says what to do."""


class UnusableFileError(Exception):
    """A file cannot be used; the message names it and its option, and says what to do."""


@dataclass(frozen=True, slots=True)
class Security:
    """How proxies are served by TLS, and which of them.

    The server's certificate is in the files ``certificate`` and ``key``, or in the Secret
    ``secret``, a namespace and a name, for servers with these ``names``. Proxies show tokens for
    ``token_audience``, or client certificates of ``client_authorities``: with a ``mtls_address``
    there, else at ``address``, which then demands one of everybody. ``accepts_anonymous``: whoever
    shows nothing is served too.
    """

    address: Address
    certificate: Path | None = None
    key: Path | None = None
    secret: tuple[str, str] | None = None
    names: tuple[str, ...] = ()
    token_audience: str | None = None
    client_authorities: Path | None = None
    mtls_address: Address | None = None
    accepts_anonymous: bool = False


class SecurePorts:
    """The certificate of all servers of this process, and who may use its xDS ports.

    ``client`` is for the API server, None without one. ``is_leader`` tells whether it is for this
    replica to renew what all share; ``published`` is called with the authorities (PEM) that proxies
    have to trust, where they are known.
    """

    def __init__(
        self,
        security: Security,
        client: Client | None,
        *,
        is_leader: Callable[[], bool] = lambda: True,
        published: Callable[[bytes], None] = lambda _: None,
    ) -> None:
        self._security = security
        self._client = client
        self._published = published
        self._tls: ServerTls | None = None
        self._secret: SecretKeyring | None = None
        if security.secret is not None and client is not None:
            namespace, name = security.secret
            self._secret = SecretKeyring(
                client, namespace, name, security.names, self._use_keyring, is_leader=is_leader
            )

    @property
    def tls(self) -> ServerTls:
        """The certificate, for HTTPS servers too; there is one after :meth:`start`."""
        assert self._tls is not None
        return self._tls

    async def start(self) -> None:
        """Read or make the certificate, however long the API server takes.

        Raises UnusableFileError: if a file holds none.
        """
        if self._secret is not None:
            await self._secret.start()
        elif self._security.certificate is not None and self._security.key is not None:
            options = dict(zip(("--tls-cert", "--tls-key"), self._files, strict=True))
            with _naming(options, "Name a certificate and its key, both in PEM."):
                self._use(await asyncio.to_thread(read_pair, *self._files))
        if self._security.client_authorities is not None:
            path = self._security.client_authorities
            with _naming({"--xds-client-ca": path}, "Name certificates of authorities, in PEM."):
                self.tls.accept_clients_of(await asyncio.to_thread(read_authorities, path))

    async def run(self) -> None:
        """Follow all certificates, without end."""
        async with asyncio.TaskGroup() as tasks:
            if self._secret is not None:
                tasks.create_task(self._secret.run())
            elif self._security.certificate is not None:
                tasks.create_task(followed_pair(*self._files, self._use).run())
            if self._security.client_authorities is not None:
                path = self._security.client_authorities
                tasks.create_task(followed_authorities(path, self.tls.accept_clients_of).run())

    def admissions(
        self,
        catalog: Catalog,
        complete: Callable[[], Awaitable[object]],
        *,
        rekey: Callable[[], None],
    ) -> Admissions:
        """Return what admits proxies; its parameters are those of :class:`Admissions`."""
        tokens = pods = None
        if self._client is not None:
            pods = PodReader(self._client)
            if self._security.token_audience is not None:
                tokens = Tokens(self._client, self._security.token_audience)
        return Admissions(
            catalog,
            complete,
            tokens=tokens,
            pods=pods,
            accepts_anonymous=self._security.accepts_anonymous,
            home=self._client.namespace if self._client is not None else "",
            rekey=rekey,
        )

    def ports(self) -> Collection[Port]:
        """Return the ports to listen on."""
        security = self._security
        if security.accepts_anonymous:
            _log.warning(
                "proxies that prove nothing are served as what they claim to be",
                remedy="leave --xds-anonymous out once all proxies show a token or a certificate",
            )
        demands = security.client_authorities is not None and security.mtls_address is None
        credentials = self.tls.grpc_credentials(demands_certificates=demands)
        ports = [Port("--xds-tls-address", security.address, credentials)]
        if security.mtls_address is not None:
            credentials = self.tls.grpc_credentials(demands_certificates=True)
            ports.append(Port("--xds-mtls-address", security.mtls_address, credentials))
        return ports

    @property
    def _files(self) -> tuple[Path, Path]:
        assert self._security.certificate is not None
        assert self._security.key is not None
        return self._security.certificate, self._security.key

    def _use(self, pair: KeyPair) -> None:
        if self._tls is None:
            self._tls = ServerTls(pair)
        else:
            self._tls.use(pair)

    def _use_keyring(self, keyring: Keyring) -> None:
        self._use(keyring.server)
        if keyring.bundle:
            self._published(keyring.bundle)


@dataclass(frozen=True, slots=True)
class Port:
    """One address to listen on, the option that names it, and its TLS; None is without."""

    option: str
    address: Address
    credentials: grpc.ServerCredentials | None = None


@contextmanager
def _naming(options: Mapping[str, Path], remedy: str) -> Iterator[None]:
    """Say by which options the files were named that cannot be used."""
    try:
        yield
    except CertificateFileError as error:
        named = [f"{option} {file}" for option, file in options.items() if file in error.files]
        raise UnusableFileError(f"{', '.join(named)}: {error.reason}. {remedy}") from error


def is_loopback(address: Address) -> bool:
    """Whether only this machine, or this Pod, reaches an address."""
    return address.host == "localhost" or (address.is_ip and ip_address(address.host).is_loopback)


async def listen(
    discovery: DiscoveryServer, ports: Collection[Port], max_connection_age: float | None
) -> grpc.aio.Server:
    """Listen on ports. Raises ListenError."""
    server = grpc.aio.server(options=grpc_options(max_connection_age=max_connection_age))
    discovery.add_to(server)
    bound = [(port, await _bind(server, port)) for port in ports]
    await server.start()
    for port, address in bound:
        is_plain = port.credentials is None
        _log.info("listening", address=str(address), tls=not is_plain, version=__version__)
        if is_plain and not is_loopback(address):
            _log.warning(
                "xDS without TLS is open to whoever reaches it",
                address=str(address),
                remedy="use TLS (--tls-cert and --tls-key, or --tls-secret), or a loopback address",
            )
    return server


async def _bind(server: grpc.aio.Server, port: Port) -> Address:
    address = str(port.address)
    try:
        if port.credentials is None:
            number = server.add_insecure_port(address)
        else:
            number = server.add_secure_port(address, port.credentials)
    except RuntimeError as error:
        raise ListenError(
            f"Cannot listen on {port.address}: {await _reason(port.address)}. "
            f"Choose another address with {port.option} HOST:PORT."
        ) from error
    return replace(port.address, port=number)


async def _reason(address: Address) -> str:
    """Ask the system why listening on an address fails, because gRPC does not say."""
    try:
        probe = await asyncio.start_server(lambda *_: None, address.host, address.port)
    except OSError as error:
        return reason_of(error)
    probe.close()
    return "gRPC refuses it"
