"""What this package asks of the control loop and of the discovery server."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Iterable, Sequence
from typing import Protocol

from straightway.catalog import Catalog
from straightway.discovery import Delivery
from straightway.documents import Reference
from straightway.intake import Standing


class Sight(Protocol):
    """The part of :class:`straightway.control.Control` that is read."""

    @property
    def synced(self) -> asyncio.Event:
        """Set once every source was read and is in force."""

    @property
    def catalog(self) -> Catalog:
        """Everything that is in force."""

    def standing(self, reference: Reference, source: str) -> Standing | None:
        """Return what is known of an object as a source has it; None if the source has none."""

    def standing_of(self, source: str) -> Sequence[Reference]:
        """Return the objects that a source has, right or wrong."""

    def audiences_of(self, reference: Reference) -> Iterable[Hashable]:
        """Return the audiences whose proxies get something that an object is part of."""

    def objects_behind(
        self, audience: Hashable, type_url: str, name: str, words: str = ""
    ) -> Sequence[Reference]:
        """Return the objects that a resource of an audience was made from."""


class Streams(Protocol):
    """The part of :class:`straightway.discovery.DiscoveryServer` that is read."""

    def deliveries(self) -> Sequence[Delivery]:
        """Return how far the clients of all open streams have come."""
