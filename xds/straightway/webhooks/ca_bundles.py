"""Tells the API server which authorities our certificate may be from.

One replica does it, the leader. Only the field ``caBundle`` of each webhook is applied, under a
field manager of its own, so that all else stays whose it is: a chart's, or an administrator's.
"""

from __future__ import annotations

import asyncio
import base64
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import structlog

from straightway.kubernetes import ApiError, KubernetesError
from straightway.kubernetes.patches import APPLY
from straightway.kubernetes.requests import Requests
from straightway.sources.backoff import Backoff

_log = structlog.get_logger()

MANAGER: Final = "straightway-ca-bundle"
EVERY: Final = 60.0
"""For how many seconds a bundle that somebody else has overwritten stays so, at most."""

_API = "admissionregistration.k8s.io/v1"
_LOOK = 5.0
"""For how many seconds nobody writes when the leader has changed."""


@dataclass(frozen=True, slots=True)
class Names:
    """The configurations to keep: those of validating and of mutating webhooks."""

    validating: tuple[str, ...] = ()
    mutating: tuple[str, ...] = ()

    @classmethod
    def of_chart(cls, namespace: str) -> Names:
        """Return those that the chart ``straightway`` makes for a release in a namespace."""
        name = f"straightway-{namespace}"
        return cls((name,), (name,))

    def places(self) -> list[_Place]:
        """Return each one's kind and path."""
        return [
            *(_Place("Validating", each) for each in self.validating),
            *(_Place("Mutating", each) for each in self.mutating),
        ]


@dataclass(frozen=True, slots=True)
class _Place:
    prefix: str
    name: str

    @property
    def kind(self) -> str:
        return f"{self.prefix}WebhookConfiguration"

    @property
    def path(self) -> str:
        return f"/apis/{_API}/{self.prefix.lower()}webhookconfigurations/{self.name}"

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


async def sync_ca_bundle(client: Requests, names: Names, ca: bytes) -> list[str]:
    """Give webhooks the authorities ``ca``, in PEM; return the configurations that were changed.

    A configuration that does not exist is none: the webhook is not installed. One that has the
    bundle is only read. Raises KubernetesError if the API server refuses or does not answer.
    """
    return [str(place) for place in names.places() if await _sync(client, place, ca)]


async def _sync(client: Requests, place: _Place, ca: bytes) -> bool:
    bundle = base64.b64encode(ca).decode()
    try:
        found = await client.request("GET", place.path)
    except ApiError as error:
        if error.status == 404:
            return False
        raise
    webhooks = found.get("webhooks") or []
    if all(each["clientConfig"].get("caBundle") == bundle for each in webhooks):
        return False
    await client.request(
        "PATCH",
        place.path,
        body=_applied(place.kind, found, bundle),
        query={"fieldManager": MANAGER, "force": True},
        content_type=APPLY,
    )
    return True


class CaBundles:
    """Keeps webhooks' authorities those of :meth:`use`, while ``is_leader``.

    They are compared once in ``every`` seconds, and when there are others. So whoever overwrites
    them again and again is answered at that pace. What fails is retried, later each time; what may
    not be read is somebody else's.
    """

    def __init__(
        self,
        client: Requests,
        names: Names,
        is_leader: Callable[[], bool] = lambda: True,
        *,
        every: float = EVERY,
    ) -> None:
        self._client = client
        self._places = names.places()
        self._is_leader = is_leader
        self._every = every
        self._authorities = b""
        self._due = asyncio.Event()
        self._told: dict[_Place, str] = {}

    def use(self, authorities: bytes) -> None:
        """Write these authorities from now on, in PEM."""
        self._authorities = authorities
        self._due.set()

    async def run(self) -> None:
        """Write what is due, until cancelled."""
        backoff = Backoff(first=1.0, limit=self._every)
        while True:
            self._due.clear()
            pause = min(_LOOK, self._every)
            if self._authorities and self._is_leader():
                results = [await self._succeeds(place) for place in self._places]
                if all(results):
                    backoff.succeeded()
                    pause = self._every
                else:
                    pause = backoff.failed() * random.uniform(0.5, 1.0)  # noqa: S311 (no secret)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._due.wait()

    async def _succeeds(self, place: _Place) -> bool:
        try:
            if await _sync(self._client, place, self._authorities):
                _log.info("certificate authorities of webhooks written", object=str(place))
        except KubernetesError as error:
            is_ours = not (isinstance(error, ApiError) and error.status == 403)
            if self._told.get(place) != str(error):
                self._told[place] = str(error)
                level = _log.warning if is_ours else _log.info
                reason = str(error)
                level("authorities of webhooks not written", object=str(place), reason=reason)
            return not is_ours
        self._told.pop(place, None)
        return True


def _applied(kind: str, found: Any, bundle: str) -> Any:
    """Return what is applied: one field of each webhook, and what identifies it.

    The version makes the API server refuse it if somebody was faster: then a webhook might be gone,
    and applying would bring half of it back.
    """
    metadata = found["metadata"]
    return {
        "apiVersion": _API,
        "kind": kind,
        "metadata": {"name": metadata["name"], "resourceVersion": metadata["resourceVersion"]},
        "webhooks": [
            {"name": each["name"], "clientConfig": {"caBundle": bundle}}
            for each in found["webhooks"]
        ],
    }
