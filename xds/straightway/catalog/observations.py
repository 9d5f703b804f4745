"""Observations: what runtimes were seen to hold, in addition to what the documents say."""

from __future__ import annotations

from typing import NamedTuple


class Observation(NamedTuple):
    """The values that a workload was seen to hold for one subset key.

    ``at`` is when that was seen, in seconds since the epoch; ``origin`` says where
    (``http://10.0.0.1:8000/v2/repository/index``).
    """

    values: tuple[str, ...]
    at: float
    origin: str
