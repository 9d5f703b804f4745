"""Changes of what is in force, and who wants to hear of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from straightway.documents.reference import Reference
from straightway.documents.telling import tell_all


@dataclass(frozen=True, slots=True)
class Change:
    """The objects that came into force, were replaced or went, together."""

    added: tuple[Reference, ...] = ()
    changed: tuple[Reference, ...] = ()
    removed: tuple[Reference, ...] = ()


class ChangeListener:
    """Does nothing: override the events you need. They must not block."""

    def changed(self, change: Change) -> None:
        """Handle a change that is in force now."""

    def moved(self, references: Sequence[Reference]) -> None:
        """Handle objects that are the same in another document: its place or generation differs."""

    def published(self) -> None:
        """Handle that proxies are being sent what follows from all changes so far.

        Changes of workloads alone go their own, faster way, without this.
        """

    def given_up(self, vanished: Sequence[Reference]) -> None:
        """Handle the end of the grace time of objects that vanished at once: they are removed."""


class ChangeListeners(ChangeListener):
    """Passes every event on to several listeners, in order.

    What some of them raise is raised together, when all have heard.
    """

    def __init__(self, *listeners: ChangeListener) -> None:
        self._listeners = listeners

    def changed(self, change: Change) -> None:
        """Pass it on."""
        tell_all(self._listeners, lambda each: each.changed(change))

    def moved(self, references: Sequence[Reference]) -> None:
        """Pass it on."""
        tell_all(self._listeners, lambda each: each.moved(references))

    def published(self) -> None:
        """Pass it on."""
        tell_all(self._listeners, lambda each: each.published())

    def given_up(self, vanished: Sequence[Reference]) -> None:
        """Pass it on."""
        tell_all(self._listeners, lambda each: each.given_up(vanished))
