"""Long lists in blocks."""

from __future__ import annotations

import pytest

from straightway.catalog.blocks import divided


@pytest.mark.parametrize("finely", [False, True])
@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 40, 200])
def test_every_item_is_in_one_block_and_no_block_is_empty(count, finely):
    items = [f"item-{index}" for index in range(count)]

    blocks = divided(items, str, finely=finely)

    assert all(blocks)
    assert sorted(item for block in blocks for item in block) == sorted(items)


@pytest.mark.parametrize(("finely", "most"), [(False, 16), (True, 8)])
def test_a_block_of_a_long_list_has_a_few_items(finely, most):
    blocks = divided([f"item-{index}" for index in range(4000)], str, finely=finely)

    average = 4000 / len(blocks)
    assert most / 2 <= average <= most
    assert max(map(len, blocks)) < 3 * most
