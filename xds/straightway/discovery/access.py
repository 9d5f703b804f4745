"""Who may use the server: the application's hook that authenticates clients, and what it returns.

Without a hook everybody may do everything. gRPC health is open in any case: it says nothing about
clients or config, and whoever asks for it may have no credentials.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import grpc
from envoy.config.core.v3.base_pb2 import Node

from straightway.discovery import rpc

log = logging.getLogger(__name__)

KeyOf: TypeAlias = Callable[[Node], Hashable]


@dataclass(frozen=True, slots=True)
class Peer:
    """What is known of a client before its first message.

    ``address`` is its address as given by gRPC, ``metadata`` what it sent with the RPC by
    lower-case name (values of names in ``-bin`` are bytes), such as ``authorization``. ``security``
    is gRPC's authentication context, with the client's certificate if it has shown one
    (``x509_pem_cert``, ``x509_subject_alternative_name``); it is empty on a port without TLS.
    https://grpc.github.io/grpc/python/grpc.html#grpc.ServicerContext.auth_context
    """

    address: str
    metadata: Mapping[str, str | bytes]
    security: Mapping[str, tuple[bytes, ...]]


@dataclass(frozen=True, slots=True)
class Admission:
    """What an authenticated client may do.

    ``key_of`` is called for its streams in place of the server's, so that it can compare the node's
    claims with what is known about the client; None is the server's. ``sees_clients`` is whether it
    may ask for the state of all clients (CSDS).
    """

    key_of: KeyOf | None = None
    sees_clients: bool = False


class RefusedError(Exception):
    """A client is refused: UNAUTHENTICATED if it is unknown, PERMISSION_DENIED if it may not.

    UNAVAILABLE is for a client whose credentials cannot be checked now. ``details`` is for the
    client and should say what to change.
    """

    def __init__(
        self, details: str, code: grpc.StatusCode = grpc.StatusCode.UNAUTHENTICATED
    ) -> None:
        super().__init__(details)
        self.details = details
        self.code = code


Authenticate: TypeAlias = Callable[[Peer], Awaitable[Admission]]
"""Returns what a client may do; raises RefusedError. It is called once for each RPC."""

_EVERYTHING: Final = Admission(sees_clients=True)
_Context: TypeAlias = grpc.aio.ServicerContext[Any, Any]


class Access:
    """Asks the application's hook, if there is one, about the client of an RPC."""

    def __init__(self, authenticate: Authenticate | None) -> None:
        self._authenticate = authenticate

    @property
    def is_open(self) -> bool:
        """Whether everybody may do everything."""
        return self._authenticate is None

    async def admit(self, context: _Context) -> Admission | None:
        """Return what the client of an RPC may do; None if it has gone.

        A client that is refused gets the status, and AbortError ends the handler.
        """
        if self._authenticate is None:
            return _EVERYTHING
        try:
            return await self._authenticate(_peer(context))
        except RefusedError as refusal:
            await rpc.abort(context, refusal.code, refusal.details)
        except Exception:
            log.exception("authentication failed for %s", context.peer())
            await rpc.abort(context, grpc.StatusCode.INTERNAL, "authentication failed")
        return None

    async def check_sees_clients(self, context: _Context) -> None:
        """Refuse a client that may not ask for the state of all clients, as :meth:`admit` does."""
        admission = await self.admit(context)
        if admission is not None and not admission.sees_clients:
            details = "this client may not ask for the state of all clients"
            await rpc.abort(context, grpc.StatusCode.PERMISSION_DENIED, details)


def _peer(context: _Context) -> Peer:
    metadata = dict(context.invocation_metadata() or ())
    security = {key: tuple(values) for key, values in context.auth_context().items()}
    return Peer(context.peer(), metadata, security)
