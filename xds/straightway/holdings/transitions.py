"""Transitions: what happened to what a runtime holds, each with its reason."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final, NamedTuple

from straightway.documents import Reference
from straightway.holdings.pools import Target

_LONGEST_REASON: Final = 200
_NO_TEXT: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")


class Change(StrEnum):
    """What happened."""

    GAINED = "gained"
    LOST = "lost"
    LOADING = "loading"
    """Begun to be loaded: known, and not routed to."""
    NOT_LOADED = "not loaded"
    """Loading has ended, and it is not ready."""
    FAILING = "stopped answering"
    """As many failures in a row as the threshold says. What it held stays."""
    ANSWERING = "answers again"
    RESTARTED = "restarted"
    """It answers after connections were refused, or after it said that it starts."""
    STARTING = "lists nothing yet"
    """It answers after failures and lists nothing: what it held stays for some seconds."""
    STALE = "went stale"
    """It did not answer for too long, and counts as holding nothing."""
    REPLACED = "became another runtime"
    """Another runtime, or another run of it, answers at its address, and starts anew."""
    LEFT_OUT = "has names that are left out"


class Happening(NamedTuple):
    """A change at one runtime; ``models`` are the values that it is about."""

    change: Change
    models: tuple[str, ...] = ()
    reason: str = ""


class Transition(NamedTuple):
    """A happening, and where and when: ``at`` is in seconds since the epoch."""

    at: float
    pool: Reference
    target: Target
    change: Change
    models: tuple[str, ...]
    reason: str


def worded(text: str) -> str:
    """Return someone else's words as a line of bounded length."""
    line = _NO_TEXT.sub(" ", text[: 2 * _LONGEST_REASON]).strip()
    return line if len(line) <= _LONGEST_REASON else f"{line[: _LONGEST_REASON - 1]}…"
