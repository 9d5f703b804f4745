"""What every source emits."""

from __future__ import annotations

from dataclasses import dataclass

from straightway.documents import Bundle


@dataclass(frozen=True, slots=True)
class Update:
    """Bundles that changed together, to be applied together, in this order.

    ``synced`` is true from the update on that completes the source's first full listing: only then
    is what is missing known to be missing.
    """

    bundles: tuple[Bundle, ...]
    synced: bool
