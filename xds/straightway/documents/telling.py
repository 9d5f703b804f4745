"""Tells listeners, of which none that makes a mistake keeps the others from hearing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

_Listener = TypeVar("_Listener")


def tell_all(listeners: Iterable[_Listener], tell: Callable[[_Listener], None]) -> None:
    """Tell every listener. What some of them raise is raised together, at the end."""
    mistakes: list[Exception] = []
    for listener in listeners:
        try:
            tell(listener)
        except Exception as mistake:  # noqa: BLE001 (raised below)
            mistakes.append(mistake)
    if mistakes:
        raise ExceptionGroup("listeners failed", mistakes)
