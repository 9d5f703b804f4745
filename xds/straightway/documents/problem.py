"""What is wrong with a config, described so that its author can fix it.

Errors in config are values: parsing collects every :class:`Problem` of an object at once instead of
raising the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from straightway.documents.reference import Reference


class Severity(StrEnum):
    """How bad a problem is.

    An ERROR keeps its object (or that version of it) out of force; a WARNING does not.
    """

    ERROR = "error"
    WARNING = "warning"


class ProblemCode(StrEnum):
    """The base of all enumerations of codes. A code's severity is fixed."""

    @property
    def severity(self) -> Severity:
        """Whether an object with this problem is kept out of force."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, where, and what to write instead.

    ``origin`` is ``file.yaml:17`` or ``kind/namespace/name@resourceVersion``; ``path`` is the place
    in the object (``spec.http[0].route[0].destination.host``), empty for the whole. ``reference``
    names the object, None if it could not be read, and ``generation`` is its
    ``metadata.generation`` if known: with both, a status can be written back to it. ``code`` is
    stable: scripts may rely on it.
    """

    origin: str
    code: str
    severity: Severity
    message: str
    path: str = ""
    reference: Reference | None = None
    generation: int | None = None

    @property
    def subject(self) -> str:
        """The object as people write it (``VirtualService shop/checkout``); empty without one."""
        return str(self.reference or "")

    def __lt__(self, other: Problem) -> bool:
        """Order problems by place; line 8 of a file comes before its line 17."""
        return self._place < other._place

    @property
    def _place(self) -> tuple[str, int, str, str, str, str, str]:
        file, _, line = self.origin.rpartition(":")
        number = int(line) if line.isdecimal() else 0
        return (file, number, self.origin, self.path, self.code, self.message, self.subject)

    @property
    def is_error(self) -> bool:
        """Whether the object (or this version of it) is kept out of force."""
        return self.severity is Severity.ERROR
