"""``straightway bootstrap``: print the file that an Envoy starts with."""

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
            "sidecar~IP~POD.NAMESPACE~DOMAIN for a sidecar, or any other.",
        ),
    ],
    xds: Annotated[
        Address,
        typer.Option(
            parser=parse_address, metavar="HOST:PORT", help="Where the control plane listens."
        ),
    ],
    label: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="A label of the proxy; repeat it.")
    ] = None,
    metadata: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            help="Node metadata, such as NAMESPACE and ROLE where the node id does not hold them; "
            "repeat it.",
        ),
    ] = None,
    admin: Annotated[
        Address,
        typer.Option(
            parser=parse_address,
            metavar="HOST:PORT",
            help="Where Envoy's admin pages shall be; port 0 takes any free one.",
        ),
    ] = DEFAULT_ADMIN,
    delta: Annotated[
        bool, typer.Option("--delta/--sotw", help="Incremental or state-of-the-world xDS.")
    ] = True,
    output: Annotated[
        OutputFormat, typer.Option("--output", "-o", help="How to print.")
    ] = OutputFormat.YAML,
) -> None:
    """Print a complete Envoy bootstrap. All else comes to that Envoy over ADS."""
    # Imported here because it takes most of a second, which other commands need not pay.
    from straightway.proxies.bootstrap import Node, make_bootstrap, to_dict

    labels = parse_pairs("--label", label)
    introduction = Node(node, labels, parse_pairs("--metadata", metadata))
    message = make_bootstrap(introduction, xds, admin=admin, delta=delta)
    typer.echo(render(to_dict(message), output))
