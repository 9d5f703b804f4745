"""What a reconnecting client says it holds, and how that differs from the current content.

``DeltaDiscoveryRequest.initial_resource_versions`` names every resource of a type with its version.
Thousands of clients may reconnect at once, each with thousands of names of which hardly any differ,
so entries stay encoded and are compared as bytes. See :mod:`straightway.discovery.requests`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from itertools import filterfalse
from typing import NamedTuple

from straightway.discovery.requests import decode_held
from straightway.discovery.resources import encode_held
from straightway.discovery.table import Table


class HeldBefore(NamedTuple):
    """What a client holds from an earlier stream: only the version is known."""

    version: str
    name: str = ""


class InitialVersions:
    """What one client holds of one type, until there is a table to compare with."""

    __slots__ = ("_entries", "_versions")

    def __init__(self, entries: Iterable[bytes] = ()) -> None:
        # Encoded; or by name, once part of it has been given up.
        self._entries = list(entries)
        self._versions: dict[str, str] = {}

    def __bool__(self) -> bool:
        return bool(self._entries or self._versions)

    def keep(self, wants: Callable[[str], bool]) -> None:
        """Drop what the client has given up."""
        if self._entries:
            self._versions, self._entries = dict(decode_held(self._entries)), []
        if self._versions:
            held = self._versions.items()
            self._versions = {name: version for name, version in held if wants(name)}

    def compare(
        self, table: Table, names: AbstractSet[str], *, wildcard: bool
    ) -> tuple[set[str], dict[str, HeldBefore]]:
        """Return the names that the client lacks, and what it holds that differs from ``table``.

        It lacks what it wants, by name or by the wildcard, and does not hold, whether or not that
        exists. After this, nothing is left to compare.
        """
        held = self._entries or [encode_held(*each) for each in self._versions.items()]
        self._entries, self._versions = [], {}
        current = table.held
        by_name = current.by_name
        differing = list(filterfalse(current.entries.__contains__, held))
        outdated = dict(decode_held(differing))
        # Usually counting explains everything, and nothing needs to be examined again.
        unheld = len(current.entries) - (len(held) - len(differing))
        if unheld == sum(name in by_name for name in outdated):
            missing = names - by_name.keys()
        elif wildcard or 2 * len(names) > len(by_name):
            others = dict(decode_held(current.entries.difference(held))).keys()
            missing = (names - by_name.keys()) | (others if wildcard else others & names)
        else:
            held_entries = frozenset(held)
            missing = {name for name in names if by_name.get(name) not in held_entries}
        missing -= outdated.keys()
        return missing, {name: HeldBefore(version) for name, version in outdated.items()}
