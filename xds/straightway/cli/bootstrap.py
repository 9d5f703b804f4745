"""``straightway bootstrap``: print an Envoy bootstrap."""

from __future__ import annotations

from typing import Annotated

import typer

from straightway.cli.arguments import OutputFormat, parse_address, parse_pairs, render
from straightway.proxies.addresses import Address

DEFAULT_ADMIN = Address("127.0.0.1", 15000)


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

    labels = parse_pairs("--label", label)
    introduction = Node(node, labels, parse_pairs("--metadata", metadata))
    message = make_bootstrap(introduction, xds, admin=admin, delta=delta)
    typer.echo(render(to_dict(message), output))
