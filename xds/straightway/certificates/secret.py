"""A keyring in a Kubernetes Secret, which all replicas share.

Whoever comes first makes it; of two that do so at once, the API server lets one succeed, and the
other takes that one's. From then on the leader renews it, and all others read it. A Secret that
somebody else keeps, such as cert-manager, is only read.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import secrets
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import structlog

from straightway.certificates.keyring import Keyring, from_data, new_keyring, renewed, to_data
from straightway.certificates.pairs import InvalidPairError
from straightway.kubernetes.errors import ApiError, KubernetesError
from straightway.kubernetes.patches import APPLY, MERGE_PATCH
from straightway.kubernetes.requests import Requests

_log = structlog.get_logger()

EVERY: Final = 60.0
"""How often the Secret is read, in seconds."""
_RETRY: Final = 2.0
_CONFLICT: Final = 409
_NOT_FOUND: Final = 404


class SecretKeyring:
    """Keeps a keyring in the Secret ``namespace/name``, for servers with ``names``.

    ``use`` is called with each new keyring; it may raise InvalidPairError, and is called again
    then. ``is_leader`` tells whether it is for us to renew it.
    """

    def __init__(
        self,
        requests: Requests,
        namespace: str,
        name: str,
        names: Collection[str],
        use: Callable[[Keyring], None],
        *,
        is_leader: Callable[[], bool] = lambda: True,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._requests = requests
        self._namespace = namespace
        self._name = name
        self._names = names
        self._use = use
        self._is_leader = is_leader
        self._now = now
        self._manager = f"straightway-{secrets.token_hex(8)}"
        self._known: Keyring | None = None
        self._complaint = ""

    async def start(self) -> None:
        """Read or make the keyring; return once there is one."""
        while not await self.look():  # noqa: ASYNC110 (it is the API server that is waited for)
            await asyncio.sleep(_RETRY)

    async def run(self) -> None:
        """Read and renew the keyring, without end."""
        while True:
            await asyncio.sleep(EVERY)
            await self.look()

    async def look(self) -> bool:
        """Read the Secret once, and renew what is due; whether there is a keyring."""
        try:
            keyring = await self._current()
            if keyring is not None and keyring != self._known:
                self._use(keyring)
                self._known = keyring
        except (KubernetesError, InvalidPairError) as error:
            self._complain(error)
        else:
            self._complaint = ""
        return self._known is not None

    async def _current(self) -> Keyring | None:
        """Return the keyring that is stored now; None if another replica has just changed it."""
        secret = await self._read()
        if secret is None:
            return await self._create(new_keyring(self._names, self._now()))
        stored = from_data(_decoded(secret.get("data") or {}))
        if stored is None:
            # Somebody has made room for it.
            return await self._replace(secret, new_keyring(self._names, self._now()))
        if not self._is_leader():
            return stored
        due = renewed(stored, self._names, self._now())
        return stored if due == stored else await self._replace(secret, due)

    async def _read(self) -> dict[str, Any] | None:
        try:
            secret: dict[str, Any] = await self._requests.request("GET", self._path)
        except ApiError as error:
            if error.status == _NOT_FOUND:
                return None
            raise
        return secret

    async def _create(self, keyring: Keyring) -> Keyring | None:
        body = {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "kubernetes.io/tls",
            "metadata": {"name": self._name, "namespace": self._namespace},
            "data": _encoded(to_data(keyring)),
        }
        # An apply, because RBAC can allow that for one name, and a POST only for all. Each replica
        # is a manager of its own: what another has just applied is a conflict.
        return await self._write(keyring, body, APPLY, {"fieldManager": self._manager})

    async def _replace(self, secret: Mapping[str, Any], keyring: Keyring) -> Keyring | None:
        data: dict[str, str | None] = dict.fromkeys(secret.get("data") or {})
        data |= _encoded(to_data(keyring))
        # With the version that was read: a change in between is a conflict.
        version = {"resourceVersion": secret["metadata"]["resourceVersion"]}
        return await self._write(keyring, {"metadata": version, "data": data}, MERGE_PATCH)

    async def _write(
        self,
        keyring: Keyring,
        body: Any,
        content_type: str,
        query: Mapping[str, str] | None = None,
    ) -> Keyring | None:
        try:
            await self._requests.request(
                "PATCH", self._path, body=body, query=query, content_type=content_type
            )
        except ApiError as error:
            if error.status == _CONFLICT:
                return None
            raise
        _log.info("certificate made", secret=f"{self._namespace}/{self._name}")
        return keyring

    @property
    def _path(self) -> str:
        return f"/api/v1/namespaces/{self._namespace}/secrets/{self._name}"

    def _complain(self, error: Exception) -> None:
        if str(error) != self._complaint:
            self._complaint = str(error)
            has_one = self._known is not None
            _log.warning(
                "certificate not read, the one before stays" if has_one else "no certificate yet",
                secret=f"{self._namespace}/{self._name}",
                reason=self._complaint,
            )


def _encoded(data: Mapping[str, bytes]) -> dict[str, str]:
    return {name: base64.b64encode(content).decode() for name, content in data.items()}


def _decoded(data: Mapping[str, str]) -> dict[str, bytes]:
    try:
        return {name: base64.b64decode(content) for name, content in data.items()}
    except binascii.Error as error:
        raise InvalidPairError("its data are not base64") from error
