"""Admission: decides about the client of every RPC, as the hook of the discovery server.

Without TLS everybody is admitted: who may reach that port is decided by its address. With TLS, a
proxy shows a token (``authorization: Bearer …``) or a client certificate; of both, the token
counts, because it knows the Pod.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final
from weakref import WeakSet

import grpc

from straightway.catalog import Catalog
from straightway.discovery import Admission, Peer, RefusedError
from straightway.documents import Change, ChangeListener
from straightway.identities.certificates import identity_in
from straightway.identities.claims import ProvedKey
from straightway.identities.identity import CannotProveError, Identity, NotProvedError
from straightway.identities.pods import PodReader, pod_in, reference_of
from straightway.identities.refusals import RefusalLog
from straightway.identities.tokens import Tokens

_LOCAL: Final = Admission(sees_clients=True)
_ANONYMOUS: Final = Admission()
_SCHEME: Final = "bearer "


class Admissions(ChangeListener):
    """Admits proxies.

    ``tokens`` and ``pods`` ask an API server; None without one. ``accepts_anonymous``: proxies that
    show nothing are admitted with what they claim. Service accounts of ``home``, the control
    plane's own namespace, may ask for the state of all clients. A Pod that the catalog lacks is
    read once the catalog is ``complete``. ``rekey`` is called when the labels of a
    connected proxy's Pod may have changed.
    """

    def __init__(
        self,
        catalog: Catalog,
        complete: Callable[[], Awaitable[object]],
        *,
        tokens: Tokens | None = None,
        pods: PodReader | None = None,
        accepts_anonymous: bool = False,
        home: str = "",
        rekey: Callable[[], None] = lambda: None,
    ) -> None:
        self._catalog = catalog
        self._complete = complete
        self._tokens = tokens
        self._pods = pods
        self._accepts_anonymous = accepts_anonymous
        self._home = home
        self._rekey = rekey
        self._refusals = RefusalLog()
        # Streams hold their keys, and nobody else does.
        self._keys: WeakSet[ProvedKey] = WeakSet()

    async def authenticate(self, peer: Peer) -> Admission:
        """Return what a client may do. Raises RefusedError."""
        if not peer.security:
            return _LOCAL
        try:
            identity = await self._identity(peer)
            if identity is None:
                return _ANONYMOUS
            key = await self._key_of(identity)
        except NotProvedError as error:
            raise self._refusal(peer, str(error), grpc.StatusCode.UNAUTHENTICATED) from error
        except CannotProveError as error:
            raise self._refusal(peer, str(error), grpc.StatusCode.UNAVAILABLE) from error
        return Admission(key, sees_clients=identity.namespace == self._home)

    def changed(self, change: Change) -> None:
        """Compute the keys of streams again if the Pod of one has changed."""
        changed = {
            reference
            for references in (change.added, change.changed)
            for reference in references
            if reference.kind == "Pod"
        }
        if changed and any(key.pod in changed for key in self._keys):
            self._rekey()

    async def _identity(self, peer: Peer) -> Identity | None:
        shown = peer.metadata.get("authorization", "")
        if isinstance(shown, str) and shown[: len(_SCHEME)].lower() == _SCHEME and self._tokens:
            return await self._tokens.identity(shown[len(_SCHEME) :].strip(), _host_of(peer))
        by_certificate = identity_in(peer.security)
        if by_certificate is not None or self._accepts_anonymous:
            return by_certificate
        raise NotProvedError(f"show {' or '.join(self._accepted())}")

    def _accepted(self) -> Sequence[str]:
        certificate = "a client certificate"
        if self._tokens is None:
            return [certificate]
        return ["a service account token (authorization: Bearer …)", certificate]

    async def _key_of(self, identity: Identity) -> ProvedKey:
        labels = None
        if identity.pod and self._pods is not None:
            reference = reference_of(identity.namespace, identity.pod)
            if pod_in(self._catalog, reference) is None:
                await self._complete()
            if pod_in(self._catalog, reference) is None:
                labels = await self._pods.labels(identity)
        key = ProvedKey(identity, self._catalog, self._refusals, labels)
        self._keys.add(key)
        return key

    def _refusal(self, peer: Peer, reason: str, code: grpc.StatusCode) -> RefusedError:
        self._refusals.log((_host_of(peer), reason), reason, peer=peer.address)
        return RefusedError(reason, code)


def _host_of(peer: Peer) -> str:
    """Return the address of a client without its port, which is another one each time."""
    return peer.address.rpartition(":")[0]
