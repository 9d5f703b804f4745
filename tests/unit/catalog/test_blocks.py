"""Long lists in blocks."""

from __future__ import annotations

import pytest

from straightway.catalog.blocks import divided


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 40, 200])
def test_every_item_is_in_one_block_and_no_block_is_empty(count):
    items = [f"item-{index}" for index in range(count)]

    blocks = divided(items, str)

    assert all(blocks)
    assert sorted(item for block in blocks for item in block) == sorted(items)
