"""The namespaces of a cluster: who wants something in each of them learns which come and go."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

import structlog

from straightway.kubernetes.client import Client
from straightway.kubernetes.errors import KubernetesError
from straightway.kubernetes.follower import Follower
from straightway.kubernetes.reflector import Lack
from straightway.kubernetes.resources import NAMESPACES, Body

_log = structlog.get_logger()


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
    """Passes on what comes and goes, and says once if that may not be read.

    That the API server is away is told by the source of the cluster.
    """

    def __init__(
        self,
        came: Callable[[Collection[str]], None],
        went: Callable[[Collection[str]], None],
    ) -> None:
        self._came = came
        self._went = went
        self._was_forbidden = False

    def changed(
        self, follower: Follower, key: str, version: str, body: Body, *, is_small: bool
    ) -> None:
        self._came([_name(key)])

    def gone(self, follower: Follower, keys: Iterable[str]) -> None:
        self._went([_name(key) for key in keys])

    def state(self, follower: Follower) -> None:
        is_forbidden = follower.reflector.lack is Lack.FORBIDDEN
        if is_forbidden and not self._was_forbidden:
            _log.warning(
                "namespaces cannot be read, new ones do not get the CA",
                reason=follower.reason,
                remedy="allow the verbs list and watch on namespaces, or name them (--namespace)",
            )
        self._was_forbidden = is_forbidden

    def failed(self, follower: Follower, error: KubernetesError) -> None:
        pass

    def answered(self, follower: Follower) -> None:
        pass


def _name(key: str) -> str:
    """Return the name in a key: a namespace is in no namespace itself."""
    return key.rpartition("/")[2]
