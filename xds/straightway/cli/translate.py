"""``straightway translate``: print the resources that a proxy would receive."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from straightway.cli.arguments import (
    DEFAULT_ROOT_NAMESPACE,
    OutputFormat,
    RootNamespace,
    parse_pairs,
    read_paths,
    render,
)
from straightway.cli.problem_lines import print_problems


class ResourceKind(StrEnum):
    """Resource types by their everyday names."""

    CLUSTER = "cluster"
    ENDPOINT = "endpoint"
    LISTENER = "listener"
    ROUTE = "route"


def translate(
    config: Annotated[Path, typer.Option(metavar="DIR", help="Folder of YAML files, or one file.")],
    node: Annotated[
        str,
        typer.Option(
            metavar="ID", help="The proxy's node id, such as router~IP~POD.NAMESPACE~DOMAIN."
        ),
    ],
    label: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="A label of the proxy; repeatable."),
    ] = None,
    namespace: Annotated[
        str | None, typer.Option(help="The proxy's namespace, if the node id does not contain it.")
    ] = None,
    envoy: Annotated[
        str, typer.Option(metavar="VERSION", help="The proxy's version of Envoy.")
    ] = "1.40",
    kind: Annotated[
        ResourceKind | None, typer.Option("--type", help="Print only resources of this type.")
    ] = None,
    root_namespace: RootNamespace = DEFAULT_ROOT_NAMESPACE,
    output: Annotated[
        OutputFormat, typer.Option("--output", "-o", help="Output format.")
    ] = OutputFormat.YAML,
) -> None:
    """Print the resources that a proxy would receive; exit with 1 if the config has an error.

    Problems go to stderr.
    """
    # Imported here so that `--help` does not wait for Envoy's messages to load.
    from straightway.offline.dump import dump
    from straightway.offline.review import review

    metadata: dict[str, Any] = {"LABELS": parse_pairs("--label", label)}
    if namespace:
        metadata["NAMESPACE"] = namespace
    reviewed = review(read_paths([config], "--config"), root_namespace)
    print_problems(reviewed.problems, stderr=True)
    resources = dump(reviewed.catalog, node, metadata, _version(envoy))
    if not resources["listener"]:
        typer.echo(
            "warning: this proxy has no listeners: compare the Gateway's selector with --label",
            err=True,
        )
    if kind is not None:
        resources = {kind.value: resources[kind.value]}
    typer.echo(render(resources, output))
    raise typer.Exit(1 if reviewed.has_errors else 0)


def _version(text: str) -> tuple[int, int]:
    parts = text.split(".")
    if len(parts) < 2 or not all(part.isdecimal() for part in parts[:2]):
        raise typer.BadParameter("write a version such as 1.40", param_hint="--envoy")
    return int(parts[0]), int(parts[1])
