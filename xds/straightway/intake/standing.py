"""What is known of one object as its source has it, for those who write back to the source."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Standing:
    """An object of a source, right or wrong.

    ``generation`` is that of the newest version and ``serving`` that of the version in force; each
    is None if unknown. ``serves`` is false if no version is in force, or another source's is.
    """

    api_version: str
    generation: int | None
    serving: int | None
    serves: bool
