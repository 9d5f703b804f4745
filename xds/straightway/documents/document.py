"""Documents: what sources emit, before anyone knows what they mean.

A :class:`Document` is one complete object as plain data with its :class:`Origin`. A
:class:`Bundle` is everything that one file (or one Kubernetes object) holds at the moment; sources
emit whole bundles, so a later bundle with the same key replaces the earlier one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from straightway.documents.problem import Problem


class Origin(Protocol):
    """Where a document comes from, down to the line if known."""

    def at(self, path: tuple[str | int, ...] = ()) -> str:
        """Return ``file.yaml:17`` (or the like) for a path in the object, ``()`` for its start.

        For a path that is not in the document, it is the place of the nearest parent that is. Never
        raises, whatever the path.
        """

    def written(self, path: tuple[str | int, ...] = ()) -> str | None:
        """Return the scalar at a path as its author wrote it: ``1.10``, where the value is 1.1.

        Without quotes; None if unknown. Never raises, whatever the path.
        """
        return None


@dataclass(frozen=True, slots=True)
class Document:
    """One object as plain data (``apiVersion``, ``kind``, ``metadata``, …), and its origin.

    ``is_small``: its source knows that it holds little, so that nobody needs to measure it.
    ``is_durable``: an earlier version may be all that is left of it, so it is kept for the next
    run; not so where an API server validates and keeps it.
    ``is_valid``: that API server has validated every field of it, and whoever has decoded it every
    type.
    """

    body: Mapping[str, Any]
    origin: Origin = field(compare=False)
    is_small: bool = field(default=False, compare=False)
    is_durable: bool = field(default=True, compare=False)
    is_valid: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Bundle:
    """All documents of one file or one Kubernetes object, in order.

    An empty bundle means that the file is gone. ``complete`` is false when part of it could not be
    read (broken YAML, a half-written file): objects that the bundle gave before and that are not
    in it now must then be kept.
    """

    key: str
    documents: tuple[Document, ...] = ()
    problems: tuple[Problem, ...] = ()
    complete: bool = True
