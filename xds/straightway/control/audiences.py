"""Has snapshots made for the audiences of which Envoys are connected, and dropped after them."""

from __future__ import annotations

from collections.abc import Hashable

from straightway.control.loop import Control
from straightway.discovery import Callbacks


class Audiences(Callbacks):
    """Tells the control loop which audiences are wanted."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def audience_wanted(self, key: Hashable) -> None:
        """Have a snapshot made."""
        self._control.want(key)

    def audience_unused(self, key: Hashable) -> None:
        """Have the snapshot dropped."""
        self._control.drop(key)
