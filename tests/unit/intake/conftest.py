"""An intake and the objects that it has put in force."""

from __future__ import annotations

import pytest

from tests.support.intake import Served


@pytest.fixture
def served() -> Served:
    return Served()
