"""The webhooks of a control plane: what ``straightway serve --webhook-address`` runs."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass

from straightway.proxies.addresses import Address
from straightway.units import Units
from straightway.webhooks.between import advice
from straightway.webhooks.injection import Injector
from straightway.webhooks.server import serve_webhooks
from straightway.webhooks.sidecar import IMAGE, sidecar_settings
from straightway.webhooks.validation import Validator


@dataclass(frozen=True, slots=True)
class WebhookOptions:
    """How to serve the webhooks.

    Sidecars run ``sidecar_image`` and connect to the control plane at ``sidecar_xds``, by TLS and
    with a token for ``token_audience``. ``revision`` is the value of ``istio.io/rev`` of the
    objects to validate, None for all.
    """

    address: Address
    sidecar_xds: Address
    sidecar_image: str = IMAGE
    token_audience: str = "straightway"  # noqa: S105 (whom a token is for)
    revision: str | None = None


async def run_webhooks(
    options: WebhookOptions, tls: ssl.SSLContext, units: Units, is_complete: Callable[[], bool]
) -> None:
    """Serve both webhooks until cancelled; objects are checked against the catalog of ``units``.

    ``is_complete`` tells whether that has everything that there is. Raises OSError if listening on
    the address fails.
    """
    settings = await asyncio.to_thread(
        sidecar_settings,
        options.sidecar_xds,
        image=options.sidecar_image,
        audience=options.token_audience,
    )
    validator = Validator(revision=options.revision, advise=advice(units, is_complete))
    await serve_webhooks(options.address, tls, validator, Injector(settings))
