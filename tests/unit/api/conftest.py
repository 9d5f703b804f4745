from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from straightway.api import Parsed, parse
from straightway.documents import Document, Origin

Read = Callable[[Any], Parsed]


@dataclass(frozen=True)
class PathOrigin(Origin):
    """Says which path it was asked for."""

    def at(self, path: tuple[str | int, ...] = ()) -> str:
        return f"file.yaml:{'/'.join(map(str, path))}"


@pytest.fixture(scope="session")
def read() -> Read:
    """Parse one document, given as YAML text or as data."""

    def parsed(body: Any) -> Parsed:
        data = yaml.safe_load(body) if isinstance(body, str) else body
        return parse(Document(data, PathOrigin()))

    return parsed


@pytest.fixture(scope="session")
def read_spec(read: Read) -> Callable[[str, str], Parsed]:
    """Parse an object of an Istio kind, of which only the spec is given."""

    def parsed(kind: str, spec: str) -> Parsed:
        group = "istio.alibabacloud.com" if kind.startswith("ASM") else "networking.istio.io"
        return read(
            {
                "apiVersion": f"{group}/v1beta1",
                "kind": kind,
                "metadata": {"name": "checkout", "namespace": "shop"},
                "spec": yaml.safe_load(spec),
            }
        )

    return parsed
