"""The namespaces of a cluster: who wants something in each of them learns which come and go."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from straightway.kubernetes.client import Client
from straightway.kubernetes.follower import Follower
from straightway.kubernetes.resources import NAMESPACES, Body


async def follow_namespaces(
    client: Client,
    came: Callable[[Collection[str]], None],
    went: Callable[[Collection[str]], None],
) -> None:
    """Tell which namespaces there are, and which come and go, until cancelled.

    ``came`` may name one that is known. While the API server is away, nothing is told.
    """
    await Follower(client, NAMESPACES, "", _Audience(came, went)).run()


class _Audience:
    """Passes on what comes and goes. Why nothing comes is told by the source of the cluster."""

    def __init__(
        self,
        came: Callable[[Collection[str]], None],
        went: Callable[[Collection[str]], None],
    ) -> None:
        self._came = came
        self._went = went

    def changed(
        self, follower: Follower, key: str, version: str, body: Body, *, is_small: bool
    ) -> None:
        self._came([_name(key)])

    def gone(self, follower: Follower, keys: Iterable[str]) -> None:
        self._went([_name(key) for key in keys])

    def state(self, follower: Follower) -> None:
        pass

    def failed(self, follower: Follower, reason: str) -> None:
        pass

    def answered(self, follower: Follower) -> None:
        pass


def _name(key: str) -> str:
    """Return the name in a key: a namespace is in no namespace itself."""
    return key.rpartition("/")[2]
