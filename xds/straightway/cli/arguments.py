"""What several commands take or print: addresses, labels, plain data as YAML or JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path

import typer
import yaml

from straightway.documents import Bundle
from straightway.proxies.addresses import Address


class OutputFormat(StrEnum):
    """How to print plain data."""

    YAML = "yaml"
    JSON = "json"


def parse_address(text: str | Address) -> Address:
    """Read ``HOST:PORT``; a usage error where it is none."""
    if isinstance(text, Address):  # Typer hands an option's default to its parser, too.
        return text
    try:
        return Address.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def parse_pairs(option: str, texts: Sequence[str] | None) -> dict[str, str]:
    """Read the ``KEY=VALUE`` texts of an option; a usage error where one has no key or no ``=``."""
    pairs = {}
    for text in texts or ():
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise typer.BadParameter(f"{text!r} is no KEY=VALUE", param_hint=option)
        pairs[key] = value
    return pairs


def read_paths(paths: Sequence[Path]) -> list[Bundle]:
    """Read files and folders once; a usage error where one cannot be read."""
    # Imported here, so that commands which read no config start at once.
    from straightway.sources.files import ConfigFolderError
    from straightway.sources.folder_reader import read_path

    try:
        # Several folders may have a file of the same name; keys are relative to their folder.
        return [
            replace(bundle, key=f"{path}/{bundle.key}")
            for path in paths
            for bundle in read_path(path)
        ]
    except ConfigFolderError as error:
        raise typer.BadParameter(str(error)) from error


def render(data: object, output: OutputFormat) -> str:
    """Write plain data as YAML or JSON, without a newline at the end."""
    if output is OutputFormat.JSON:
        return json.dumps(data, indent=2)
    return yaml.safe_dump(data, sort_keys=False).rstrip("\n")
