"""Blocks: a long list divided, so that a change of one item costs one block, not the whole list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar
from zlib import crc32

_SIZE = 16

Item = TypeVar("Item")


def divided(items: Sequence[Item], name_of: Callable[[Item], str]) -> tuple[tuple[Item, ...], ...]:
    """Return items in blocks of a few dozen, assigned by a hash of the name.

    So adding or removing an item changes one block. The number of blocks is a power of two: as the
    list grows, most items stay together. Within a block, items keep their order.
    """
    count = 1 << (len(items) // _SIZE).bit_length()
    if count == 1:
        return _filled([items])
    blocks: list[list[Item]] = [[] for _ in range(count)]
    for item in items:
        blocks[crc32(name_of(item).encode()) & (count - 1)].append(item)
    return _filled(blocks)


def _filled(blocks: Iterable[Sequence[Item]]) -> tuple[tuple[Item, ...], ...]:
    return tuple(tuple(block) for block in blocks if block)
