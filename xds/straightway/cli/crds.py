"""``straightway crds``: print the CustomResourceDefinitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from straightway.cli.arguments import OutputFormat, render, write_files

if TYPE_CHECKING:
    from straightway.schemas import Resource


def crds(
    kind: Annotated[
        list[str] | None,
        typer.Option(
            help="Print only this kind, by any of its names (DestinationRule, destinationrules, "
            "dr); repeatable."
        ),
    ] = None,
    directory: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", file_okay=False, help="Write one YAML file for each to this folder."
        ),
    ] = None,
    output: Annotated[
        OutputFormat, typer.Option("--output", "-o", help="Output format.")
    ] = OutputFormat.YAML,
) -> None:
    """Print the CustomResourceDefinitions, for `kubectl apply --server-side -f -`."""
    # Imported here so that `--help` does not wait for the models of all kinds to load.
    from straightway.schemas import RESOURCES, definition, to_yaml

    made = [definition(*each) for each in _chosen(RESOURCES, kind)]
    if directory is not None:
        if output is not OutputFormat.YAML:
            raise typer.BadParameter("--directory writes YAML")
        texts = {f"{each['metadata']['name']}.yaml": to_yaml([each]) for each in made}
        write_files(directory, texts, "--directory")
    elif output is OutputFormat.JSON:
        typer.echo(render({"apiVersion": "v1", "kind": "List", "items": made}, output))
    else:
        typer.echo(to_yaml(made), nl=False)


def _chosen(
    resources: Mapping[tuple[str, str], Resource], kinds: Sequence[str] | None
) -> list[tuple[str, str]]:
    """Return the kinds with one of these names; a name of none is a usage error."""
    if not kinds:
        return list(resources)
    by_name = {
        name.lower(): key
        for key, resource in resources.items()
        for name in (key[1], resource.plural, *resource.short_names)
    }
    unknown = [each for each in kinds if each.lower() not in by_name]
    if unknown:
        known = ", ".join(kind for _, kind in resources)
        raise typer.BadParameter(f"{unknown[0]!r} is not one of {known}", param_hint="--kind")
    return list(dict.fromkeys(by_name[each.lower()] for each in kinds))
