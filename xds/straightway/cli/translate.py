"""``straightway translate``: print what a proxy would be sent."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from straightway.cli.arguments import OutputFormat, parse_pairs, read_paths, render


class ResourceKind(StrEnum):
    """The types of resources, as people call them."""

    CLUSTER = "cluster"
    ENDPOINT = "endpoint"
    LISTENER = "listener"
    ROUTE = "route"


def translate(
    config: Annotated[
        Path, typer.Option(metavar="DIR", help="The folder of YAML files, or one file.")
    ],
    node: Annotated[
        str, typer.Option(metavar="ID", help="The proxy's node id, such as router~IP~NAME~DOMAIN.")
    ],
    label: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="A label of the proxy; repeat it.")
    ] = None,
    namespace: Annotated[
        str | None, typer.Option(help="The proxy's namespace, where the id does not say it.")
    ] = None,
    kind: Annotated[
        ResourceKind | None, typer.Option("--type", help="Only resources of this type.")
    ] = None,
    output: Annotated[OutputFormat, typer.Option("--output", "-o")] = OutputFormat.YAML,
) -> None:
    """Print what a proxy would be sent; problems of the config go to stderr."""
    # Imported here: Envoy's messages take a moment to load, and `--help` should not.
    from straightway.dump import dump
    from straightway.review import review

    metadata: dict[str, Any] = {"LABELS": parse_pairs("--label", label)}
    if namespace:
        metadata["NAMESPACE"] = namespace
    reviewed = review(read_paths([config]))
    for problem in reviewed.problems:
        typer.echo(f"{problem.severity} {problem.origin}: {problem.message}", err=True)
    resources = dump(reviewed.catalog, node, metadata)
    if kind is not None:
        resources = {kind.value: resources[kind.value]}
    typer.echo(render(resources, output))
