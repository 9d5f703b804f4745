"""Prometheus' text format, as far as a few samples of it are of interest.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

_MOST_SAMPLES: Final = 256
_LONGEST_LINE: Final = 1024


class Sample(NamedTuple):
    """One line: ``name{labels} value``."""

    labels: str
    value: str


def samples(text: bytes, name: str) -> Iterator[Sample]:
    """Yield the samples of a metric: 256 at most, and none whose line has over 1,024 bytes."""
    wanted = b"\n" + name.encode()
    text = b"\n" + text
    at = text.find(wanted)
    for _ in range(_MOST_SAMPLES):
        if at < 0:
            return
        start = at + len(wanted)
        line = text[start : start + _LONGEST_LINE].split(b"\n", 1)
        if len(line) == 2 and line[0][:1] in (b"{", b" "):
            labels, _, value = line[0].decode(errors="replace").rpartition(" ")
            yield Sample(labels, value)
        at = text.find(wanted, start)
