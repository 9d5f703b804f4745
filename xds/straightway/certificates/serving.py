"""What servers serve TLS with, while its certificate changes.

A new certificate is for new handshakes. Connections that are open stay open: a certificate was
checked when they began, and never again.
"""

from __future__ import annotations

import os
import secrets
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)

from straightway.certificates.pairs import InvalidPairError, KeyPair, private_key_in


class ServerTls:
    """The certificate of this process's servers.

    ``client_authorities`` (PEM) are those whose clients are accepted where a certificate is
    demanded. Raises InvalidPairError if the pair cannot be served.
    """

    def __init__(self, pair: KeyPair, client_authorities: bytes | None = None) -> None:
        self._client_authorities = client_authorities
        self._entry = _context()
        # OpenSSL keeps a certificate per kind of key, so a second one does not always replace the
        # first. Each pair has its own context, which is chosen at the first bytes of a handshake.
        self._entry.sni_callback = self._choose
        self._use(pair)

    @property
    def pair(self) -> KeyPair:
        """What new handshakes use."""
        return self._pair

    @property
    def ssl_context(self) -> ssl.SSLContext:
        """A context for HTTPS servers, always the same; it asks for no client certificates."""
        return self._entry

    def use(self, pair: KeyPair) -> None:
        """Use another pair from now on. Raises InvalidPairError, and keeps the old one then."""
        self._use(pair)

    def accept_clients_of(self, authorities: bytes) -> None:
        """Replace the authorities whose clients are accepted."""
        self._client_authorities = authorities
        self._configuration = self._configured()

    def grpc_credentials(self, *, demands_certificates: bool = False) -> grpc.ServerCredentials:
        """Return credentials for secure ports of gRPC servers.

        gRPC for Python knows two kinds: every client must show a certificate, or none is asked for
        one.
        """
        return grpc.dynamic_ssl_server_credentials(
            self._configuration,
            # gRPC calls it for every handshake, in a thread of its own.
            lambda: self._configuration,
            require_client_authentication=demands_certificates,
        )

    def _use(self, pair: KeyPair) -> None:
        pair.check()
        context = _context()
        _load(context, pair)
        self._context = context
        self._pair = pair
        self._configuration = self._configured()

    def _configured(self) -> grpc.ServerCertificateConfiguration:
        pair = (self._pair.key, self._pair.certificate)
        return grpc.ssl_server_certificate_configuration([pair], self._client_authorities)

    def _choose(
        self, connection: ssl.SSLSocket | ssl.SSLObject, _name: str | None, _entry: ssl.SSLContext
    ) -> None:
        connection.context = self._context


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _load(context: ssl.SSLContext, pair: KeyPair) -> None:
    """Give a pair to a context, which only reads files."""
    password = secrets.token_bytes(32)
    key = private_key_in(pair.key).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password)
    )
    with _file(pair.certificate + key) as path:
        try:
            context.load_cert_chain(path, password=password)
        except ssl.SSLError as error:
            raise InvalidPairError(f"OpenSSL refuses the pair: {error.reason}") from error


@contextmanager
def _file(content: bytes) -> Iterator[Path]:
    """Yield the path of a file for this process alone: in memory, where the system can do that."""
    if hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create("certificate"), "wb") as file:
            file.write(content)
            file.flush()
            yield Path(f"/proc/self/fd/{file.fileno()}")
        return
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        yield Path(file.name)
