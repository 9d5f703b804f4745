"""The page of the status: every reason that there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from straightway.writeback.desired import (
    ACCEPTED,
    PROGRAMMED,
    REFERENCE_CODES,
    RESOLVED_REFS,
)
from straightway.writeback.wording import camel

PAGE = Path(__file__).parents[3] / "docs/status.md"
REASONS = {
    ACCEPTED: {"Accepted", "Invalid", "Duplicate", "InternalError", "Pending"},
    RESOLVED_REFS: {"ResolvedRefs", "Invalid", *(camel(code) for code in REFERENCE_CODES)},
    PROGRAMMED: {"Programmed", "Pending", "Rejected", "Invalid", "NotTranslated", "NoProxies"},
}


@pytest.mark.parametrize("condition", REASONS)
def test_the_page_has_every_reason_of_a_condition(condition: str) -> None:
    section = PAGE.read_text().partition(f"**{condition}**:")[2]
    table = re.search(r"(?:^\|.*\n)+", section, re.MULTILINE)
    assert table is not None
    rows = [line.split("|")[2] for line in table[0].splitlines()[2:]]
    found = {reason for row in rows for reason in re.findall(r"`(\w+)`", row)}
    assert found == REASONS[condition]
