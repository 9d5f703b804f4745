"""Objects: as they come, and what is kept of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from straightway.kubernetes.resources import Resource

Body = dict[str, Any]
"""What is kept of an object, as its JSON has it: the same in whatever form it came."""


class Undecoded(Protocol):
    """An object in the form in which it came, of which nothing has been read."""

    @property
    def size(self) -> int:
        """How long it is in this form, in bytes."""

    def body(self, resource: Resource) -> Body:
        """Return what is kept of it. Raises UnreadableError: if it is no object of this kind."""

    def identity(self) -> tuple[str, str]:
        """Return its key, ``namespace/name``, and its version.

        Raises UnreachableError: if it has none.
        """

    def bookmark(self) -> tuple[str, bool]:
        """Return a bookmark's version, and whether it ends the initial events.

        Raises UnreachableError: if it has no version.
        """
