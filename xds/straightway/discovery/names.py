"""The names that clients subscribe to: one set for all clients that want the same ones.

Every Envoy of an audience names the same thousands of resources. A set for each would take 33 KB
per 1,000 names, and the garbage collector would look through all of them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, TypeAlias
from weakref import WeakValueDictionary

Names: TypeAlias = frozenset[str]
NO_NAMES: Final[Names] = frozenset()

# Also the same strings, in sets that differ. Not by Python 3.12, which never frees interned ones: a
# client could fill the memory with invented names.
_intern: Final = str if sys.version_info[:2] == (3, 12) else sys.intern

# By their hash. If two sets have the same one, the earlier is shared no further.
_known: Final[WeakValueDictionary[int, Names]] = WeakValueDictionary()


def names_of(names: Iterable[str]) -> Names:
    """Return the set of some names; the same object for the same names."""
    found = frozenset(names)
    known = _known.get(hash(found))
    if known is not None and known == found:
        return known
    found = frozenset(map(_intern, found))
    _known[hash(found)] = found
    return found


# The clients of an audience do the same at about the same time.
@lru_cache(maxsize=4)
def changed(names: Names, more: Names, fewer: Names) -> Names:
    """Return names with some more and without some others."""
    return names_of((names | more) - fewer)
