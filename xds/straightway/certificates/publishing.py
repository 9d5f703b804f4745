"""Tells proxies whom to trust: the ConfigMap ``straightway-ca`` in their namespaces.

Its key ``ca.crt`` holds the authorities of the server's certificate. The leader keeps it in every
namespace that the application names; it stays where a namespace is no longer named, for Pods may
still mount it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Final

import structlog

from straightway.certificates.requests import APPLY, Requests
from straightway.kubernetes.errors import KubernetesError

_log = structlog.get_logger()

CONFIG_MAP: Final = "straightway-ca"
KEY: Final = "ca.crt"
EVERY: Final = 10.0
"""How often namespaces are compared with what was done, in seconds."""
AGAIN: Final = 600.0
"""After how many seconds a ConfigMap is applied again, whatever became of it."""
_MANAGER: Final = "straightway"


class AuthorityMaps:
    """Keeps the ConfigMaps.

    ``namespaces`` returns where, ``bundle`` the authorities in PEM (b"" for none known yet), and
    ``is_leader`` whether it is for us.
    """

    def __init__(
        self,
        requests: Requests,
        namespaces: Callable[[], Collection[str]],
        bundle: Callable[[], bytes],
        is_leader: Callable[[], bool],
    ) -> None:
        self._requests = requests
        self._namespaces = namespaces
        self._bundle = bundle
        self._is_leader = is_leader
        self._clock = asyncio.get_running_loop().time
        # By namespace: what was applied, and when.
        self._applied: dict[str, tuple[bytes, float]] = {}
        self._complaints: dict[str, str] = {}

    async def run(self) -> None:
        """Keep them, without end."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY)

    async def look(self) -> None:
        """Apply what is missing or differs."""
        bundle = self._bundle()
        if not bundle or not self._is_leader():
            self._applied.clear()  # Another leader may do otherwise.
            return
        for namespace in sorted(self._namespaces()):
            content, at = self._applied.get(namespace, (b"", 0.0))
            if content != bundle or self._clock() - at >= AGAIN:
                await self._apply(namespace, bundle)

    async def _apply(self, namespace: str, bundle: bytes) -> None:
        body = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": CONFIG_MAP, "namespace": namespace},
            "data": {KEY: bundle.decode()},
        }
        path = f"/api/v1/namespaces/{namespace}/configmaps/{CONFIG_MAP}"
        query = {"fieldManager": _MANAGER, "force": "true"}
        try:
            await self._requests.request("PATCH", path, body=body, query=query, content_type=APPLY)
        except KubernetesError as error:
            if self._complaints.get(namespace) != str(error):
                self._complaints[namespace] = str(error)
                _log.warning(
                    "proxies are not told whom to trust",
                    config_map=f"{namespace}/{CONFIG_MAP}",
                    reason=str(error),
                )
            return
        self._complaints.pop(namespace, None)
        self._applied[namespace] = (bundle, self._clock())
