"""From a path in an object back to its line in the file.

Only a problem needs a line, so nothing is kept for it but the text: the lines are found by reading
that one document again.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import yaml

from straightway.sources.yaml_scalars import key_text, plain_scalar
from straightway.sources.yaml_values import LOADER

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class FileOrigin:
    """The place of a document in a file.

    ``text`` is the YAML document that begins at ``line`` of ``file``; ``base`` is the path of the
    object in it: empty, or ``("items", 3)`` for an object in a ``List``.
    """

    file: str
    line: int
    text: str = field(repr=False)
    base: Path = ()

    def at(self, path: Path = ()) -> str:
        """Return ``file.yaml:17`` for a path in the object, or its nearest parent that is there.

        Where a mapping says a value, it is the line of the key.
        """
        node = yaml.compose(self.text, LOADER)
        offset = node.start_mark.line if node else 0
        for step in (*self.base, *path):
            found = _step(node, step)
            if found is None:
                break
            offset, node = found
        return f"{self.file}:{self.line + offset}"

    def written(self, path: Path = ()) -> str | None:
        """Return the text of a scalar: not known, because positions are read without values."""
        return None


def _step(node: yaml.Node | None, step: str | int) -> tuple[int, yaml.Node] | None:
    """Return the line in the document, and the node, of one part of a node."""
    if isinstance(node, yaml.SequenceNode):
        if isinstance(step, int) and 0 <= step < len(node.value):
            return node.value[step].start_mark.line, node.value[step]
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if _key(key) == step:
                return key.start_mark.line, value
    return None


def _key(node: yaml.Node) -> str | None:
    if not isinstance(node, yaml.ScalarNode):
        return None
    # Plain scalars alone have no style.
    return node.value if node.style else key_text(plain_scalar(node.value))
