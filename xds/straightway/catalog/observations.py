"""Observations: what was seen beside the documents.

What runtimes hold; and whether a Secret that was looked for by name is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple


class Observation(NamedTuple):
    """The values that a workload was seen to hold for one subset key.

    ``at`` is when that was seen, in seconds since the epoch; ``origin`` says where
    (``http://10.0.0.1:8000/v2/repository/index``).
    """

    values: tuple[str, ...]
    at: float
    origin: str


_LOOKED_UP: Final = "looked-up"


def looked_up(*, is_there: bool, at: float, origin: str) -> Mapping[str, Observation]:
    """Return the observation that an object was looked for by name, and what came of it."""
    return {_LOOKED_UP: Observation(("there" if is_there else "absent",), at, origin)}


def is_there(held: Mapping[str, Observation]) -> bool | None:
    """Return whether an object was there when it was looked for by name; None if nobody looked."""
    found = held.get(_LOOKED_UP)
    return None if found is None else found.values == ("there",)
