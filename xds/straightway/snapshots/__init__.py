"""Snapshots: everything that one audience is sent, encoded.

``clusters``, ``listeners`` and ``routes`` encode resources, each a unit that is computed once for
all audiences; ``audiences`` selects those that an audience is sent, ``pieces`` divides the work
into steps, and ``origins`` finds the objects behind a resource.
"""

from straightway.snapshots.audiences import snapshot_of
from straightway.snapshots.pieces import pieces_of
from straightway.snapshots.snapshot import Snapshot

__all__ = ["Snapshot", "pieces_of", "snapshot_of"]
