"""The options of ``straightway serve`` about the webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from straightway.cli.arguments import parse_address
from straightway.proxies.addresses import Address

if TYPE_CHECKING:
    from straightway.listening import Security
    from straightway.webhooks import WebhookOptions

WebhookAddress: TypeAlias = Annotated[
    Address | None,
    typer.Option(
        parser=parse_address,
        metavar="HOST:PORT",
        help="Address of the webhooks /validate and /inject (HTTPS), which Kubernetes asks.",
        show_default="off",
    ),
]
SidecarXds: TypeAlias = Annotated[
    Address | None,
    typer.Option(
        parser=parse_address,
        metavar="HOST:PORT",
        help="Address that injected sidecars connect to.",
        show_default="straightway.NAMESPACE.svc:18443",
    ),
]
SidecarImage: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="IMAGE",
        help="Image of injected sidecars.",
        show_default="the official Envoy's",
    ),
]


def read_webhooks(
    address: Address | None,
    sidecar_xds: Address | None,
    sidecar_image: str | None,
    *,
    security: Security | None,
    revision: str | None,
) -> WebhookOptions | None:
    """Return how the webhooks are served, None if they are not.

    Options that do not fit together are usage errors.
    """
    if address is None:
        for option, value in (("--sidecar-xds", sidecar_xds), ("--sidecar-image", sidecar_image)):
            if value is not None:
                raise typer.BadParameter(f"{option} needs --webhook-address HOST:PORT")
        return None
    if security is None:
        raise typer.BadParameter(
            "--webhook-address needs a certificate: --tls-cert and --tls-key, or --tls-secret"
        )
    from straightway.webhooks import WebhookOptions

    return WebhookOptions(
        address,
        sidecar_xds,
        sidecar_image,
        token_audience=security.token_audience,
        revision=revision,
    )
