"""The positions of the parts of a YAML document in its text.

A reader records each node of a document as it goes, in the order of the text. Three arrays of
integers hold the positions: the line of each node, which nodes are containers, and where a
container's nodes end. They hold no keys: the entries of a mapping are its keys in order. Rare
information (aliases, merges, scalars whose text differs from their value) is kept in small
dictionaries.

Recording a node costs two appends; finding one costs a step for each part of its path, once the
containers on the way have been indexed.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import TypeAlias

from straightway.sources.yaml_scalars import Scalar, canonical_text

Value: TypeAlias = "Scalar | list[Value] | dict[str, Value]"

Path = tuple[str | int, ...]


_MERGED = -1
"""Stands for the target of a node that is merged."""


class Positions:
    """The nodes of a document, numbered in the order of its text; 0 is the document itself.

    The line of a mapping's value is that of its key. ``root`` is the value of the document.
    """

    __slots__ = ("_children", "_ends", "_lines", "_starts", "_targets", "_written", "root")

    def __init__(self) -> None:
        self.root: Value = None
        self._lines = array("I")
        # Of each container: its node, and the first node after those inside it.
        self._starts = array("I")
        self._ends = array("I")
        # Few documents need these.
        self._targets: dict[int, int] | None = None
        self._written: dict[int, str] | None = None
        self._children: dict[int, dict[str | int, int]] | None = None

    # --- While the document is read ---

    def add(self, line: int) -> int:
        """Record the next node, at ``line`` (from 0), and return its number."""
        self._lines.append(line)
        return len(self._lines) - 1

    def open(self, node: int) -> int:
        """Mark a node as a container, and return the argument for :meth:`close`."""
        self._starts.append(node)
        self._ends.append(0)
        return len(self._starts) - 1

    def close(self, container: int) -> None:
        """Record that all nodes inside a container have been added."""
        self._ends[container] = len(self._lines)

    def move(self, node: int, line: int) -> None:
        """Correct the line of a node."""
        self._lines[node] = line

    def alias(self, node: int, target: int) -> None:
        """Record that a node is an alias of another one, unless it is merged."""
        self._targets = self._targets or {}
        self._targets.setdefault(node, target)

    def merge(self, node: int) -> None:
        """Mark a node as merged into its mapping by ``<<``: no key leads to it."""
        self.alias(node, _MERGED)

    def write(self, node: int, value: Scalar, text: str) -> None:
        """Record the text of a scalar that differs from its value."""
        if canonical_text(value) != text:
            self._written = self._written or {}
            self._written[node] = text

    @property
    def count(self) -> int:
        """The number of nodes."""
        return len(self._lines)

    # --- Afterwards ---

    def line(self, path: Path) -> int:
        """Return the line (from 0) of a path, or of its nearest existing parent."""
        place, _, _ = self._find(path)
        return self._lines[place] if self._lines else 0

    def written(self, path: Path) -> str | None:
        """Return the text of the scalar at a path, without quotes, or None."""
        node, value, missing = self._find(path)
        if missing or isinstance(value, list | dict):
            return None
        text = (self._written or {}).get(self._target(node))
        return canonical_text(value) if text is None else text

    def _find(self, path: Path) -> tuple[int, Value, int]:
        """Follow a path as far as possible: the node and value there, and the remaining steps."""
        node, value = 0, self.root
        for gone, step in enumerate(path):
            child = self._child(node, value, step)
            if child is None:
                return node, value, len(path) - gone
            node = child
            value = value[step]  # type: ignore[index]
        return node, value, 0

    def _child(self, node: int, value: Value, step: str | int) -> int | None:
        if not isinstance(value, list | dict):
            return None
        self._children = self._children or {}
        container = self._target(node)
        children = self._children.get(container)
        if children is None:
            # Merged entries come last in a mapping, and have no position of their own.
            steps = value if isinstance(value, dict) else range(len(value))
            children = dict(zip(steps, self._nodes_in(container), strict=False))
            self._children[container] = children
        return children.get(step)

    def _target(self, node: int) -> int:
        return (self._targets or {}).get(node, node)

    def _nodes_in(self, node: int) -> list[int]:
        """Return the nodes of a container's own entries."""
        container = bisect_left(self._starts, node)
        nodes, child, end = [], node + 1, self._ends[container]
        while child < end:
            if self._target(child) != _MERGED:
                nodes.append(child)
            container = bisect_left(self._starts, child, container)
            is_container = container < len(self._starts) and self._starts[container] == child
            child = self._ends[container] if is_container else child + 1
        return nodes
