"""How much a YAML document may hold.

Generous for what people and tools write, and low enough that reading any file takes seconds and
what it holds fits into memory. An object in Kubernetes is at most 1.5 MiB.
"""

MAX_DEPTH = 200
"""How deep mappings and sequences may be nested."""

MAX_VALUES = 1_000_000
"""How many values a document may hold: a ``List`` of 20,000 objects with 50 values each."""

MAX_ALIASED_VALUES = 100_000
"""How many values all aliases (``*name``) of a document may stand for, against "billion laughs"."""

MAX_ALIASED_TEXT = 2**20
"""How many characters all aliases of a document may stand for."""

MAX_KEY_LENGTH = 1024
"""How many characters a key may have. libyaml allows a key no more on a line, but after ``?``."""

MAX_DOCUMENTS = 100_000
"""How many documents a file may hold."""
