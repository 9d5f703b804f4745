"""Blocks: a long list divided, so that a change of one item costs one block, not the whole list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar
from zlib import crc32

_SIZE = 16

Item = TypeVar("Item")


class Block(tuple[Item, ...]):
    """Some items of a long list, a tuple that is fast to hash: it is an argument of units.

    Its hash is that of its first item, because few blocks that begin alike exist at once. It is
    not that of an equal tuple, so use blocks only with blocks as keys.
    """

    __slots__ = ()

    def __hash__(self) -> int:
        return hash(self[:1])


def divided(
    items: Sequence[Item], name_of: Callable[[Item], str], *, finely: bool = False
) -> tuple[Block[Item], ...]:
    """Return items in blocks of 8 to 16, assigned by a hash of the name; ``finely`` in 4 to 8.

    Finer blocks suit items that cost much more than a block. One of fewer than 16 is not divided.

    So adding or removing an item changes one block. The number of blocks is a power of two: as the
    list grows, most items stay together. Within a block, items keep their order.
    """
    count = 1 << (len(items) // _SIZE).bit_length()
    if count == 1:
        return _filled([items])
    if finely:
        count *= 2
    blocks: list[list[Item]] = [[] for _ in range(count)]
    for item in items:
        blocks[crc32(name_of(item).encode()) & (count - 1)].append(item)
    return _filled(blocks)


def _filled(blocks: Iterable[Sequence[Item]]) -> tuple[Block[Item], ...]:
    return tuple(Block(block) for block in blocks if block)
