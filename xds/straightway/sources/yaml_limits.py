"""How much a file of YAML may hold.

Generous for what people and tools write, and low enough to read any file in seconds and hold it in
memory. For comparison: an object in Kubernetes is at most 1.5 MiB.
"""

from __future__ import annotations

import yaml

MAX_DEPTH = 200
"""How deep mappings and sequences may be nested."""

MAX_VALUES = 500_000
"""How many values a document may hold: a ``List`` of 10,000 objects with 50 values each."""

MAX_ALIASED_VALUES = 100_000
"""How many values all aliases (``*name``) of a document may stand for, against "billion laughs"."""

MAX_ALIASED_TEXT = 2**20
"""How many characters all aliases of a document may stand for."""

MAX_KEY_LENGTH = 1024
"""How many characters a key may have: libyaml's own limit, except for keys after ``?``."""

MAX_FILE_SIZE = 64 * 2**20
"""How many bytes a file may have."""

MAX_FILE_DOCUMENTS = 100_000
"""How many documents a file may hold."""

MAX_FILE_VALUES = 2_000_000
"""How many values the documents of a file may hold together."""

MAX_FILE_PROBLEMS = 100
"""How many problems of a file are listed; the others are counted."""


class TooLargeError(yaml.MarkedYAMLError):
    """A document exceeds a limit. ``problem`` is a sentence without its full stop."""
