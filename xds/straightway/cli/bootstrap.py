"""``straightway bootstrap``: print an Envoy bootstrap."""

from __future__ import annotations

from typing import Annotated

import typer

from straightway.cli.arguments import OutputFormat, parse_address, parse_pairs, render
from straightway.proxies.addresses import Address

DEFAULT_ADMIN = Address("127.0.0.1", 15000)
_AN_HOUR = 3600


def bootstrap(
    node: Annotated[
        str,
        typer.Option(
            metavar="ID",
            help="Envoy's node id: router~IP~POD.NAMESPACE~DOMAIN for a gateway, "
            "sidecar~IP~POD.NAMESPACE~DOMAIN for a sidecar, or any other id.",
        ),
    ],
    xds: Annotated[
        Address,
        typer.Option(
            parser=parse_address, metavar="HOST:PORT", help="Address of the control plane."
        ),
    ],
    label: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="A label of the proxy; repeatable."),
    ] = None,
    metadata: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            help="Node metadata, such as NAMESPACE and ROLE if the node id does not contain them; "
            "repeatable.",
        ),
    ] = None,
    admin: Annotated[
        Address,
        typer.Option(
            parser=parse_address,
            metavar="HOST:PORT",
            help="Address of Envoy's admin interface; port 0 picks a free port.",
        ),
    ] = DEFAULT_ADMIN,
    readiness: Annotated[
        Address | None,
        typer.Option(
            parser=parse_address,
            metavar="HOST:PORT",
            help="Address where the Envoy answers /healthz/ready, for a kubelet's probe.",
            show_default="none",
        ),
    ] = None,
    metrics: Annotated[
        Address | None,
        typer.Option(
            parser=parse_address,
            metavar="HOST:PORT",
            help="Address where the Envoy answers /stats/prometheus.",
            show_default="none",
        ),
    ] = None,
    drain: Annotated[
        Address | None,
        typer.Option(
            parser=parse_address,
            metavar="HOST:PORT",
            help="Address where /drain starts a graceful drain, and answers after --drain-seconds: "
            "for a Pod's preStop hook. Let nobody but the kubelet reach it.",
            show_default="none",
        ),
    ] = None,
    drain_seconds: Annotated[
        int,
        typer.Option(
            min=1, max=_AN_HOUR, metavar="SECONDS", help="How long an answer to /drain takes."
        ),
    ] = 35,
    delta: Annotated[
        bool, typer.Option("--delta/--sotw", help="Use incremental or state-of-the-world xDS.")
    ] = True,
    output: Annotated[
        OutputFormat, typer.Option("--output", "-o", help="Output format.")
    ] = OutputFormat.YAML,
) -> None:
    """Print a complete Envoy bootstrap; the Envoy gets all other config over ADS."""
    # Imported here because it takes most of a second, which other commands should not pay.
    from straightway.proxies.bootstrap import Node, make_bootstrap, to_dict
    from straightway.proxies.kubelet import KubeletListeners

    labels = parse_pairs("--label", label)
    introduction = Node(node, labels, parse_pairs("--metadata", metadata))
    kubelet = KubeletListeners(readiness, metrics, drain, drain_seconds)
    if kubelet.listeners() and admin.port == 0:
        raise typer.BadParameter(
            "the listeners for a kubelet lead to this port, so it cannot be 0",
            param_hint="--admin",
        )
    message = make_bootstrap(introduction, xds, admin=admin, delta=delta, kubelet=kubelet)
    typer.echo(render(to_dict(message), output))
