"""Tells the API server which authorities our certificate may be from.

One replica does it, the leader. Only the field ``caBundle`` of each webhook is applied, under a
field manager of its own, so that all else stays whose it is: a chart's, or an administrator's.
"""

from __future__ import annotations

import asyncio
import base64
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import structlog

from straightway.kubernetes import ApiError, Client, KubernetesError
from straightway.sources.backoff import Backoff

_log = structlog.get_logger()

MANAGER: Final = "straightway-ca-bundle"
EVERY: Final = 60.0
"""For how many seconds a bundle that somebody else has overwritten stays so, at most."""

_API = "admissionregistration.k8s.io/v1"
_APPLY = "application/apply-patch+yaml"


@dataclass(frozen=True, slots=True)
class Names:
    """The configurations to keep: those of validating and of mutating webhooks."""

    validating: tuple[str, ...] = ()
    mutating: tuple[str, ...] = ()

    def places(self) -> list[tuple[str, str, str]]:
        """Return each one's kind, resource and name."""
        return [
            *(("Validating", "validatingwebhookconfigurations", each) for each in self.validating),
            *(("Mutating", "mutatingwebhookconfigurations", each) for each in self.mutating),
        ]


async def sync_ca_bundle(client: Client, names: Names, ca: bytes) -> list[str]:
    """Give webhooks the authorities ``ca``, in PEM; return the configurations that were changed.

    A configuration that does not exist is none: the webhook is not installed. One that has the
    bundle is only read. Raises KubernetesError if the API server refuses or does not answer.
    """
    bundle = base64.b64encode(ca).decode()
    changed = []
    for kind, resource, name in names.places():
        path = f"/apis/{_API}/{resource}/{name}"
        try:
            found = await client.request("GET", path)
        except ApiError as error:
            if error.status == 404:
                continue
            raise
        webhooks = found.get("webhooks") or []
        if all(each["clientConfig"].get("caBundle") == bundle for each in webhooks):
            continue
        await client.request(
            "PATCH",
            path,
            body=_applied(f"{kind}WebhookConfiguration", found, bundle),
            query={"fieldManager": MANAGER, "force": True},
            content_type=_APPLY,
        )
        changed.append(f"{kind}WebhookConfiguration {name}")
    return changed


async def keep_ca_bundle(
    client: Client,
    names: Names,
    authorities: Callable[[], bytes],
    *,
    every: float = EVERY,
    changed: asyncio.Event | None = None,
) -> None:
    """Keep webhooks' authorities those that ``authorities`` returns, without end.

    They are compared once in ``every`` seconds, and when ``changed`` is set, which is cleared then.
    So whoever overwrites them again and again is answered at that pace. What fails is retried,
    later each time.
    """
    backoff = Backoff(first=1.0, limit=every)
    complaint = ""
    due = changed or asyncio.Event()
    while True:
        due.clear()
        try:
            for each in await sync_ca_bundle(client, names, authorities()):
                _log.info("certificate authorities of webhooks written", object=each)
        except KubernetesError as error:
            if str(error) != complaint:
                complaint = str(error)
                _log.warning("certificate authorities of webhooks not written", reason=complaint)
            pause = backoff.failed() * random.uniform(0.5, 1.0)  # noqa: S311 (no secret)
        else:
            complaint = ""
            backoff.succeeded()
            pause = every
        try:
            async with asyncio.timeout(pause):
                await due.wait()
        except TimeoutError:
            pass


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
