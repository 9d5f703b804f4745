"""``straightway translate``: print what a proxy would be sent."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from straightway.cli.arguments import OutputFormat, parse_pairs, read_paths, render
from straightway.cli.problem_lines import print_problems


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
        str,
        typer.Option(
            metavar="ID", help="The proxy's node id, such as router~IP~POD.NAMESPACE~DOMAIN."
        ),
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
    output: Annotated[
        OutputFormat, typer.Option("--output", "-o", help="How to print.")
    ] = OutputFormat.YAML,
) -> None:
    """Print what a proxy would be sent; problems go to stderr. Exit with 1 if any is an error."""
    # Imported here: Envoy's messages take a moment to load, and `--help` should not.
    from straightway.offline.dump import dump
    from straightway.offline.review import review

    metadata: dict[str, Any] = {"LABELS": parse_pairs("--label", label)}
    if namespace:
        metadata["NAMESPACE"] = namespace
    reviewed = review(read_paths([config]))
    print_problems(reviewed.problems, stderr=True)
    resources = dump(reviewed.catalog, node, metadata)
    if not resources["listener"]:
        typer.echo(
            "warning: this proxy has nothing to serve: compare the Gateway's selector with --label",
            err=True,
        )
    if kind is not None:
        resources = {kind.value: resources[kind.value]}
    typer.echo(render(resources, output))
    raise typer.Exit(1 if reviewed.has_errors else 0)
