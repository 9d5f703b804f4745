"""Which of the namespaces that are named to be read are not there: a misspelt one is only empty."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from straightway.kubernetes.client import Client
from straightway.kubernetes.errors import KubernetesError
from straightway.kubernetes.follower import Follower
from straightway.kubernetes.resources import NAMESPACES, Body


async def watch_for_missing(
    client: Client, names: Collection[str], tell: Callable[[Sequence[str]], None]
) -> None:
    """Tell which of these namespaces are missing whenever that differs, until cancelled.

    At first none is. Whoever may not read namespaces, or gets no answer, learns of none.
    """
    await Follower(client, NAMESPACES, "", _Audience(names, tell)).run()


class _Audience:
    """Compares what is known with what is named, whatever has happened."""

    def __init__(self, names: Collection[str], tell: Callable[[Sequence[str]], None]) -> None:
        self._names = names
        self._tell = tell
        self._told: Sequence[str] = []

    def changed(
        self, follower: Follower, key: str, version: str, body: Body, *, is_small: bool
    ) -> None:
        self.state(follower)

    def gone(self, follower: Follower, keys: Iterable[str]) -> None:
        self.state(follower)

    def state(self, follower: Follower) -> None:
        reflector, missing = follower.reflector, list[str]()
        if reflector.is_settled and reflector.lack is None:
            # A namespace is in no namespace itself.
            missing = [name for name in self._names if f"/{name}" not in reflector.known]
        if missing != self._told:
            self._told = missing
            self._tell(missing)

    def failed(self, follower: Follower, error: KubernetesError) -> None:
        pass

    def answered(self, follower: Follower) -> None:
        pass
