"""The folder of YAML that a control plane watches, and the ways in which people edit it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml


class ConfigFolder:
    """A folder of YAML files. `write` takes text or plain data."""

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self.path = path

    def write(self, name: str, *documents: str | Mapping[str, Any]) -> Path:
        """Replace a file atomically: write a temporary file and rename it."""
        target = self.path / name
        # A leading dot and another suffix, so that no reader takes the partial file for config.
        beside = self.path / f".{name}.tmp"
        beside.write_text(to_text(*documents))
        return beside.rename(target)

    def write_in_place(self, name: str, *documents: str | Mapping[str, Any]) -> Path:
        """Write into the file itself, as `echo … > file` does; a reader may see a part of it."""
        target = self.path / name
        target.write_text(to_text(*documents))
        return target

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a text that must occur in the file."""
        text = self.read(name)
        assert old in text, f"{name} has no {old!r}"
        self.write(name, text.replace(old, new))

    def read(self, name: str) -> str:
        return (self.path / name).read_text()

    def remove(self, name: str) -> None:
        (self.path / name).unlink()

    def rename(self, old: str, new: str) -> None:
        (self.path / old).rename(self.path / new)


def to_text(*documents: str | Mapping[str, Any]) -> str:
    """Join several documents into one YAML text."""
    texts = [
        document if isinstance(document, str) else yaml.safe_dump(dict(document), sort_keys=False)
        for document in documents
    ]
    return "\n---\n".join(texts)
