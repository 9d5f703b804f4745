"""Claims: which objects the documents claim to be, and which of several with one name wins.

The winner depends on the claims alone, never on their order of arrival: the older object wins by
``metadata.creationTimestamp``, then the one whose source, bundle and position in the bundle come
first. One without a timestamp is younger than all that have one, so a hand-written file never
displaces an object that a cluster has dated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from straightway.api import ApiObject, Parsed
from straightway.api.metadata import seconds_of
from straightway.documents import Document, Reference


class Place(NamedTuple):
    """A bundle among the bundles of all sources: two sources may use one key."""

    source: str
    key: str


class Slot(NamedTuple):
    """An object's place in its bundle: its index, from 0, among the documents with its name."""

    reference: Reference
    ordinal: int


class Version(NamedTuple):
    """A good version of an object, and the plain data that it was read from."""

    object: ApiObject
    body: Mapping[str, Any]


@dataclass(slots=True, eq=False)
class Claim:
    """A document that says which object it is.

    ``kept`` is the last good version of this slot if the document itself is broken.
    """

    place: Place
    slot: Slot
    document: Document
    parsed: Parsed
    kept: Version | None = None

    @property
    def version(self) -> Version | None:
        """The version that this claim offers: its own, or the last good one."""
        if self.parsed.object is not None:
            return Version(self.parsed.object, self.document.body)
        return self.kept

    @property
    def object(self) -> ApiObject | None:
        """The object of :attr:`version`."""
        if self.parsed.object is not None or self.kept is None:
            return self.parsed.object
        return self.kept.object

    @property
    def is_kept(self) -> bool:
        """Whether the document itself is broken, and an earlier version takes its place."""
        return self.parsed.object is None and self.kept is not None


def counting(claims: Sequence[Claim]) -> Claim:
    """Return the winning claim: the first with a good version, or else the first."""
    if len(claims) == 1:
        return claims[0]
    ranked = sorted(claims, key=_rank)
    return next((claim for claim in ranked if claim.object is not None), ranked[0])


def _rank(claim: Claim) -> tuple[float, Place, int]:
    # The age of the version, which a later run knows even if the document itself is lost.
    version = claim.object
    created = version.metadata.created_at if version else created_at(claim.document.body)
    return (created, claim.place, claim.slot.ordinal)


def created_at(body: object) -> float:
    """Return when an object was created (POSIX seconds); infinite if unknown."""
    metadata = body.get("metadata") if isinstance(body, Mapping) else None
    return seconds_of(metadata.get("creationTimestamp") if isinstance(metadata, Mapping) else None)
