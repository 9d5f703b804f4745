"""Maps a path in an object back to its line in the file, and to the text there."""

from __future__ import annotations

from dataclasses import dataclass, field

from straightway.sources.yaml_positions import Path, Positions


@dataclass(frozen=True, slots=True)
class FileOrigin:
    """The place of an object in a file.

    ``positions`` are those of the YAML document that begins at ``line`` of ``file``; ``base`` is
    the path of the object in it: empty, or ``("items", 3)`` for an object in a ``List``.
    """

    file: str
    line: int
    positions: Positions = field(repr=False)
    base: Path = ()

    def at(self, path: Path = ()) -> str:
        """Return ``file.yaml:17`` for a path in the object, or for its nearest existing parent.

        For a value in a mapping, it is the line of the key.
        """
        return f"{self.file}:{self.line + self.positions.line((*self.base, *path))}"

    def written(self, path: Path = ()) -> str | None:
        """Return a scalar as it is written, without quotes: ``1.10``, where the value is 1.1.

        None if there is no such scalar in the document.
        """
        return self.positions.written((*self.base, *path))
