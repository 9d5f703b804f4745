"""Arguments and output that several commands share: addresses, labels, YAML and JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeAlias

import typer
import yaml

from straightway.documents import Bundle
from straightway.proxies.addresses import Address
from straightway.system_errors import reason_of


class OutputFormat(StrEnum):
    """How to print plain data."""

    YAML = "yaml"
    JSON = "json"


RootNamespace: TypeAlias = Annotated[
    str,
    typer.Option(help="Istio's root namespace; its DestinationRules apply in all namespaces."),
]
DEFAULT_ROOT_NAMESPACE = "istio-system"


def parse_address(text: str | Address) -> Address:
    """Parse ``HOST:PORT``; anything else is a usage error."""
    if isinstance(text, Address):  # Typer also passes an option's default to its parser.
        return text
    try:
        return Address.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def parse_pairs(option: str, texts: Sequence[str] | None) -> dict[str, str]:
    """Parse the ``KEY=VALUE`` values of an option; no key or no ``=`` is a usage error."""
    pairs = {}
    for text in texts or ():
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise typer.BadParameter(f"{text!r} is not KEY=VALUE", param_hint=option)
        pairs[key] = value
    return pairs


def read_paths(paths: Sequence[Path], param_hint: str) -> list[Bundle]:
    """Read files and folders once; a path that cannot be read is a usage error.

    ``param_hint`` is the option or argument that names them.
    """
    # Imported here so that commands without config start fast.
    from straightway.sources.files import ConfigFolderError
    from straightway.sources.folder_reader import read_path

    try:
        # Keys are relative to their folder, and two folders may hold files of the same name.
        return [
            replace(bundle, key=f"{path}/{bundle.key}")
            for path in paths
            for bundle in read_path(path)
        ]
    except ConfigFolderError as error:
        message = f"{error} Name a YAML file, or a folder of them."
        raise typer.BadParameter(message, param_hint=param_hint) from error


def write_files(folder: Path, texts: Mapping[str, str], param_hint: str) -> None:
    """Write texts to a folder, by the names of their files; what cannot be is a usage error.

    ``param_hint`` is the option that names the folder.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"Cannot write to {folder}: {reason_of(error)}. Name another folder."
        raise typer.BadParameter(message, param_hint=param_hint) from error


def render(data: object, output: OutputFormat) -> str:
    """Return plain data as YAML or JSON, without a trailing newline."""
    if output is OutputFormat.JSON:
        return json.dumps(data, indent=2)
    return yaml.safe_dump(data, sort_keys=False).rstrip("\n")
