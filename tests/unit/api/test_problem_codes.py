from __future__ import annotations

import re
from pathlib import Path

import pytest

from straightway.api import Code

PAGE = Path(__file__).parents[3] / "docs" / "problems.md"
ROWS = dict(re.findall(r"^\| `([a-z0-9-]+)` \| (error|warning) \|", PAGE.read_text(), re.MULTILINE))


@pytest.mark.parametrize("code", list(Code))
def test_every_code_is_explained_with_its_severity(code):
    assert ROWS[code] == code.severity


def test_codes_read_alike():
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code) for code in Code)
