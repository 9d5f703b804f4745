"""Documents: what sources hand on, before anyone knows what they mean.

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
    """Where a document comes from, down to the line where that is known."""

    def at(self, path: tuple[str | int, ...] = ()) -> str:
        """Return ``file.yaml:17`` (or the like) for a path in the object, ``()`` for its start.

        A path that is not in the document gives the place of its nearest parent that is.
        May be slow: it is called for problems only.
        """

    def written(self, path: tuple[str | int, ...] = ()) -> str | None:
        """Return a scalar as its author wrote it, such as ``1.10`` for the number 1.1.

        None where that is not known, and for lists and mappings.
        """
        return None


@dataclass(frozen=True, slots=True)
class Document:
    """One object as plain data (``apiVersion``, ``kind``, ``metadata``, …), and its origin."""

    body: Mapping[str, Any]
    origin: Origin = field(compare=False)


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
