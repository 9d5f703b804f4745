"""The TLS settings of a Gateway's server, as far as checks read them: which Secrets it names.

In Istio, ``credentialName`` is the name of a Secret in the namespace of the gateway's proxies,
never of the Gateway itself; a proxy gets no Secret of another namespace. So a name with a namespace
before it (``kubernetes://other/name``) only means the proxies' own.
https://istio.io/latest/docs/reference/config/networking/gateway/#ServerTLSSettings
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_SCHEME: Final = "kubernetes://"
_WITHOUT_SECRET: Final = frozenset({"PASSTHROUGH", "AUTO_PASSTHROUGH", "ISTIO_MUTUAL"})
_WITH_CLIENTS: Final = frozenset({"MUTUAL", "OPTIONAL_MUTUAL"})
_MOST_NAMES: Final = 2
"""Istio accepts two: one with an RSA key and one with an ECDSA key."""


@dataclass(frozen=True, slots=True)
class Credential:
    """The name of a Secret, where it is written below ``tls``, and what is needed of it.

    ``namespace`` is "" if only a name is written.
    """

    path: tuple[str | int, ...]
    name: str
    namespace: str = ""
    verifies_clients: bool = False


@dataclass(frozen=True, slots=True)
class ServerTls:
    """The credentials that a server names; none where its mode needs no Secret."""

    credentials: tuple[Credential, ...] = ()


def read_server_tls(value: object) -> ServerTls | None:
    """Read what is written, whatever it is; what is no name of a Secret is left out."""
    if not isinstance(value, Mapping):
        return None
    mode = value.get("mode")
    mode = mode.upper() if isinstance(mode, str) else ""
    if mode in _WITHOUT_SECRET:
        return ServerTls()
    written: list[tuple[tuple[str | int, ...], object]] = [
        (("credentialName",), value.get("credentialName"))
    ]
    several = value.get("credentialNames")
    if isinstance(several, list | tuple) and several:
        # As in Istio, these count where both are written.
        written = [
            (("credentialNames", index), name) for index, name in enumerate(several[:_MOST_NAMES])
        ]
    found = (_credential(path, name, mode in _WITH_CLIENTS) for path, name in written)
    return ServerTls(tuple(each for each in found if each is not None))


def _credential(
    path: tuple[str | int, ...], written: object, verifies_clients: bool
) -> Credential | None:
    if not isinstance(written, str):
        return None
    text = written.removeprefix(_SCHEME)
    namespace, _, name = text.rpartition("/")
    # Another scheme is no Secret of Kubernetes: `builtin://`, `sds://`, `configmap://`.
    if not name or "://" in text or "/" in namespace:
        return None
    return Credential(path, name, namespace, verifies_clients)
