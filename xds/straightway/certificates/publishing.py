"""The CA of our servers, as a ConfigMap in each namespace, for proxies that verify them.

A Pod can only mount what is in its own namespace, and nobody knows where the next proxy starts. So
the leader keeps the ConfigMap ``straightway-ca`` (key ``ca.crt``) in all namespaces, as Istio does
with its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from typing import Final

import structlog

from straightway.kubernetes.errors import ApiError, KubernetesError
from straightway.kubernetes.patches import APPLY
from straightway.kubernetes.requests import Requests

_log = structlog.get_logger()

CONFIG_MAP: Final = "straightway-ca"
KEY: Final = "ca.crt"
EVERY: Final = 600.0
"""After how many seconds all of them are written again, in case somebody has changed one."""
_LOOK: Final = 1.0
_LATER = (401, 409, 429)
"""Refused now, and perhaps not the next time."""


class AuthorityPublisher:
    """Keeps the ConfigMap in all namespaces that it is told of, while ``is_leader``."""

    def __init__(self, requests: Requests, is_leader: Callable[[], bool]) -> None:
        self._requests = requests
        self._is_leader = is_leader
        self._authorities = ""
        self._namespaces: dict[str, None] = {}
        self._due: dict[str, None] = {}
        self._again_at = 0.0
        self._refused: set[str] = set()

    def use(self, authorities: str) -> None:
        """Publish these certificates from now on, in PEM."""
        self._authorities = authorities
        self._due |= self._namespaces

    def came(self, namespaces: Iterable[str]) -> None:
        """Add namespaces."""
        fresh = dict.fromkeys(each for each in namespaces if each not in self._namespaces)
        self._namespaces |= fresh
        self._due |= fresh

    def went(self, namespaces: Collection[str]) -> None:
        """Leave namespaces out that are no longer there."""
        for each in namespaces:
            self._namespaces.pop(each, None)
            self._due.pop(each, None)
            self._refused.discard(each)

    async def run(self) -> None:
        """Write what is due, until cancelled."""
        clock = asyncio.get_running_loop().time
        was_leader = False
        while True:
            leads = self._is_leader()
            if leads and (not was_leader or clock() >= self._again_at):
                self._due |= self._namespaces
                self._again_at = clock() + EVERY
            was_leader = leads
            if leads and self._authorities:
                await self.write_due()
            await asyncio.sleep(_LOOK)

    async def write_due(self) -> None:
        """Write the ConfigMap where it is due, while this replica leads.

        What the API server does not do now is due again soon, and what it refuses is so when all
        are written again.
        """
        for namespace in list(self._due):
            if not self._is_leader():
                return  # Another leads, and may know newer authorities.
            try:
                await self._write(namespace)
            except ApiError as error:
                if error.status not in _LATER and error.status < 500:
                    self._due.pop(namespace, None)
                self._tell(namespace, error)
            except KubernetesError:
                return  # The API server is away, and its own log line says so.
            else:
                self._due.pop(namespace, None)
                self._refused.discard(namespace)

    async def _write(self, namespace: str) -> None:
        body = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": CONFIG_MAP,
                "namespace": namespace,
                "labels": {"app.kubernetes.io/part-of": "straightway"},
            },
            "data": {KEY: self._authorities},
        }
        await self._requests.request(
            "PATCH",
            f"/api/v1/namespaces/{namespace}/configmaps/{CONFIG_MAP}",
            body=body,
            query={"fieldManager": "straightway", "force": True},
            content_type=APPLY,
        )

    def _tell(self, namespace: str, error: ApiError) -> None:
        if namespace not in self._refused and error.status != 404:
            self._refused.add(namespace)
            _log.warning("CA not published", namespace=namespace, reason=str(error))
