"""Snapshots: everything that one audience is sent, encoded.

``clusters``, ``listeners`` and ``routes`` encode resources, each a unit that is made once for all
audiences; ``audiences`` says which of them an audience is sent, ``pieces`` in which steps that can
be made, and ``origins`` from which objects.
"""

from straightway.snapshots.audiences import snapshot_of
from straightway.snapshots.pieces import pieces_of
from straightway.snapshots.snapshot import Snapshot

__all__ = ["Snapshot", "pieces_of", "snapshot_of"]
