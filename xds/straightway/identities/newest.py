"""A dictionary that strangers fill, and that stays small: the oldest entry makes room."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class Newest(Generic[_Key, _Value]):
    """The ``most`` entries that were put last."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._entries: dict[_Key, _Value] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: _Key) -> _Value | None:
        """Return the value of a key, None without one."""
        return self._entries.get(key)

    def put(self, key: _Key, value: _Value) -> None:
        """Keep a value, as the newest."""
        self._entries.pop(key, None)
        self._entries[key] = value
        if len(self._entries) > self._most:
            del self._entries[next(iter(self._entries))]

    def drop(self, key: _Key) -> None:
        """Forget a key."""
        self._entries.pop(key, None)
