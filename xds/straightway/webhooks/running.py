"""The webhooks of a control plane: what ``straightway serve --webhook-address`` runs."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from straightway.proxies.addresses import Address
from straightway.units import Units
from straightway.webhooks.between import advice
from straightway.webhooks.injection import Injector
from straightway.webhooks.server import serve_webhooks
from straightway.webhooks.sidecar import IMAGE, sidecar_settings
from straightway.webhooks.validation import Validator

DEFAULT_NAMESPACE: Final = "straightway-system"
_SERVICE = "straightway"
_PORT = 18443
_AUDIENCE = "straightway"


@dataclass(frozen=True, slots=True)
class WebhookOptions:
    """How to serve the webhooks.

    Sidecars run ``sidecar_image``, None for the official one, and connect to the control plane at
    ``sidecar_xds``, None for the Service of the chart, by TLS and with a token for
    ``token_audience``. ``revision`` is the value of ``istio.io/rev`` of the objects to validate,
    None for all.
    """

    address: Address
    sidecar_xds: Address | None = None
    sidecar_image: str | None = None
    token_audience: str | None = None
    revision: str | None = None


async def run_webhooks(
    options: WebhookOptions,
    tls: ssl.SSLContext,
    units: Units,
    is_complete: Callable[[], bool],
    *,
    namespace: str = DEFAULT_NAMESPACE,
) -> None:
    """Serve both webhooks until cancelled; objects are checked against the catalog of ``units``.

    ``is_complete`` tells whether that has everything that there is; ``namespace`` is the control
    plane's. Raises OSError if listening on the address fails.
    """
    settings = await asyncio.to_thread(
        sidecar_settings,
        options.sidecar_xds or Address(f"{_SERVICE}.{namespace}.svc", _PORT),
        image=options.sidecar_image or IMAGE,
        audience=options.token_audience or _AUDIENCE,
    )
    validator = Validator(revision=options.revision, advise=advice(units, is_complete))
    await serve_webhooks(options.address, tls, validator, Injector(settings))
