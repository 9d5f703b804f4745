"""What several commands take or print: addresses, labels, plain data as YAML or JSON."""

from __future__ import annotations

import json
from enum import StrEnum

import typer
import yaml

from straightway.addresses import Address


class OutputFormat(StrEnum):
    """How to print plain data."""

    YAML = "yaml"
    JSON = "json"


def parse_address(text: str) -> Address:
    """Read ``HOST:PORT``; a usage error where it is none."""
    try:
        return Address.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def parse_labels(labels: list[str]) -> dict[str, str]:
    """Read ``KEY=VALUE`` pairs; a usage error where one has no key or no ``=``."""
    pairs = [label.partition("=") for label in labels]
    for label, (key, equals, _) in zip(labels, pairs, strict=True):
        if not key or not equals:
            raise typer.BadParameter(f"{label!r} is no KEY=VALUE", param_hint="--label")
    return {key: value for key, _, value in pairs}


def render(data: object, output: OutputFormat) -> str:
    """Write plain data as YAML or JSON, without a newline at the end."""
    if output is OutputFormat.JSON:
        return json.dumps(data, indent=2)
    return yaml.safe_dump(data, sort_keys=False).rstrip("\n")
