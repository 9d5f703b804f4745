"""Which resources a client means when it rejects a response: only its error message says so.

A response is rejected as a whole, and may hold thousands of resources. The formats:

- Envoy, for clusters and listeners (``CdsApiHelper``, ``LdsApiImpl``): ``Error adding/updating
  cluster(s) NAME: reason, NAME: reason``; for listeners with a line for each.
- Envoy, for other types: ``Unexpected EDS cluster (expecting NAME): other``, ``duplicate scoped
  route configuration 'NAME' found``. For routes it usually gives no name.
- gRPC (C++): ``[resource index 0: NAME: INVALID_ARGUMENT: reason; resource index 1: …]``. Other
  implementations quote names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_ENTRY: Final = r"(?:\(s\):? |, |\n|resource index \d+: )({}): "
"""A name at the start of the part of the text about it."""

_MARKED: Final = r"['\"(](?:expecting )?({})['\")]"
"""A name in quotes or brackets."""


def resources_meant(error_message: str, names: Iterable[str]) -> list[str]:
    """Return those of ``names`` that a client's error message names, in order.

    A name counts only if the client marks it as one. A name such as ``80`` or ``default`` may also
    occur as a port, a common word, or a part of another name.
    """
    ordered = [name for name in dict.fromkeys(names) if name and name in error_message]
    # The longest first: each removes its text, so that names that are parts of it do not match.
    longest_first = sorted(ordered, key=len, reverse=True)
    for pattern in (_ENTRY, _MARKED):
        if meant := set(_matching(pattern, error_message, longest_first)):
            return [name for name in ordered if name in meant]
    return []


def _matching(pattern: str, text: str, names: Iterable[str]) -> Iterable[str]:
    for name in names:
        # Only the name is removed: the text around it may mark the next one.
        text, count = re.subn(pattern.replace("{}", re.escape(name)), _without_name, text)
        if count:
            yield name


def _without_name(match: re.Match[str]) -> str:
    start, end = match.span(1)
    return match[0][: start - match.start()] + " " + match[0][end - match.start() :]
