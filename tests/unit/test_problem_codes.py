"""The page of problems: every code that there is, with its severity."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from straightway.api import Code
from straightway.catalog.codes import CatalogCode
from straightway.holdings.codes import HoldingsCode
from straightway.intake import IntakeCode

ROOT = Path(__file__).parents[2]
CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")


def tables() -> dict[str, dict[str, str]]:
    """Return heading → code → severity, as the page has them."""
    _, *sections = (ROOT / "docs/problems.md").read_text().split("\n## ")
    rows = re.compile(r"^\| `([^`]+)` \| (error|warning) \| \S.* \| \S.* \|$", re.MULTILINE)
    return {text.partition("\n")[0]: dict(rows.findall(text)) for text in sections}


def codes_of_sources(*, cluster: bool) -> Iterator[str]:
    """Yield the texts in the code of sources/ that read like codes; nothing else there does."""
    for file in (ROOT / "xds/straightway/sources").glob("*.py"):
        if (file.stem in ("kubernetes", "cluster_problems")) is not cluster:
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Constant) and CODE.fullmatch(str(node.value)):
                yield str(node.value)


@pytest.mark.parametrize(
    ("heading", "codes"),
    [
        ("In one object", Code),
        ("Between objects", CatalogCode),
        ("What runtimes answer", HoldingsCode),
        ("Which version is in force", IntakeCode),
    ],
)
def test_every_code_of_objects_is_explained_with_its_severity(heading, codes):
    assert tables()[heading] == {code.value: code.severity.value for code in codes}


def test_every_code_of_files_is_explained():
    assert set(tables()["Files and folders"]) == set(codes_of_sources(cluster=False))


def test_every_code_of_a_cluster_is_explained():
    assert set(tables()["In a cluster"]) == set(codes_of_sources(cluster=True))


def test_a_code_means_the_same_wherever_it_comes_up():
    severities: dict[str, set[str]] = {}
    for table in tables().values():
        for code, severity in table.items():
            severities.setdefault(code, set()).add(severity)
    assert all(len(found) == 1 for found in severities.values())


def test_codes_read_alike():
    assert all(CODE.fullmatch(code) for table in tables().values() for code in table)
