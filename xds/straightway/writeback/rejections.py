"""Rejections: which objects a proxy's NACK is about. They are noted, and looked into later."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from straightway.discovery import SECRET, ClientState, resources_meant
from straightway.documents import Reference
from straightway.writeback.facts import Refusal
from straightway.writeback.sight import Sight

_MOST: Final = 1000
_MOST_OBJECTS: Final = 20


class Nack(NamedTuple):
    """A proxy's rejection of a response, with its words and the response's resources."""

    client: ClientState
    type_url: str
    words: str
    names: tuple[str, ...]

    @property
    def refusal(self) -> Refusal:
        """What to say about it. Envoy's words about a Secret might hold some of it."""
        words = " ".join(self.words.split())
        if self.type_url == SECRET:
            words = "a certificate or key of it; Envoy's own log says why"
        return Refusal(self.client.node_id, words)


class Nacks:
    """The NACKs since they were last looked into: of each proxy and type the last one."""

    def __init__(self) -> None:
        self._nacks: dict[tuple[int, str], Nack] = {}

    def __len__(self) -> int:
        return len(self._nacks)

    def add(self, nack: Nack) -> None:
        """Note a NACK. Of very many, the first count: they are about the same."""
        if len(self._nacks) < _MOST:
            self._nacks[id(nack.client), nack.type_url] = nack

    def clear(self) -> None:
        """Forget all."""
        self._nacks.clear()

    def take(
        self, sight: Sight, is_news: Callable[[Reference, ClientState], bool]
    ) -> Iterator[tuple[Nack, list[Reference]]]:
        """Yield each NACK with the objects that it is about, and forget it.

        If Envoy names no resource, all of the response's may be meant: then it is about the objects
        that are news to this proxy (``is_news``), since it has accepted the others before. Many
        proxies reject the same, so the objects are looked up once.
        """
        nacks, self._nacks = self._nacks, {}
        found: dict[tuple[object, ...], list[Reference]] = {}
        for nack in nacks.values():
            named = resources_meant(nack.words, nack.names)
            about = (nack.client.key, nack.type_url, nack.words, nack.names)
            if about not in found:
                found[about] = _objects(sight, nack, named or nack.names)
            objects = found[about]
            if not named or len(objects) > _MOST_OBJECTS:
                objects = [each for each in objects if is_news(each, nack.client)]
            yield nack, objects


def _objects(sight: Sight, nack: Nack, names: Sequence[str]) -> list[Reference]:
    return list(
        dict.fromkeys(
            reference
            for name in names
            for reference in sight.objects_behind(nack.client.key, nack.type_url, name, nack.words)
        )
    )
