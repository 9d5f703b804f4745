"""What every source emits."""

from __future__ import annotations

from dataclasses import dataclass

from straightway.documents import Bundle


@dataclass(frozen=True, slots=True)
class Update:
    """Bundles that changed together, to be applied together, in this order.

    ``synced`` is true once the source's first full listing is complete: only then are missing
    objects known to be missing.
    """

    bundles: tuple[Bundle, ...]
    synced: bool
