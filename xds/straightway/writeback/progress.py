"""How far the proxies are: what is on its way to them, what they have, and what they reject."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from straightway.discovery import ClientState, Delivery
from straightway.documents import Reference
from straightway.writeback.confirmations import Confirmations
from straightway.writeback.facts import Programming, Refusal
from straightway.writeback.kinds import status_kind
from straightway.writeback.rejections import Nack, Nacks
from straightway.writeback.rollouts import Rollouts
from straightway.writeback.sight import Sight, Streams
from straightway.writeback.staying import staying

_LOOK_AGAIN: Final = 0.2


class Progress:
    """What is under way to the proxies, and what became of it. Times are of a monotonic clock."""

    def __init__(self) -> None:
        self._proxies = Confirmations()
        self._rollouts = Rollouts()
        self._nacks = Nacks()

    def begin(self, no_proxies_before: float) -> None:
        """Begin, with the time before which proxies may still come back after a start."""
        self._rollouts.no_proxies_before = no_proxies_before

    def clear(self) -> None:
        """Forget everything."""
        self._rollouts.clear()
        self._proxies.forget()
        self._nacks.clear()

    # --- What happens ---

    def changed(self, reference: Reference) -> None:
        """Note an object of which something else is in force, but not yet on its way."""
        kind = status_kind(reference)
        if kind is not None and kind.counts_proxies:
            self._rollouts.changed((reference,))

    def gone(self, reference: Reference) -> None:
        """Note an object that is not in force any more."""
        self._rollouts.forget(reference)

    def published(self, now: float) -> None:
        """Note that what is in force is on its way, perhaps to other audiences."""
        self._rollouts.published(self._proxies.moment, now)
        self._rollouts.audiences_changed()

    def audiences_changed(self) -> None:
        """Note that other audiences may get an object now."""
        self._rollouts.audiences_changed()

    def nacked(self, nack: Nack) -> None:
        """Note a rejection, which is looked into at the next look."""
        self._nacks.add(nack)

    # --- Looking ---

    async def wait_for_proxies(self, streams: Streams, seconds: float) -> None:
        """Wait until connected proxies have accepted what is in force, for some seconds at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                # Nothing tells when a stream is done; it is asked now and then.
                while not self._are_done(streams.deliveries()):  # noqa: ASYNC110
                    await asyncio.sleep(_LOOK_AGAIN)

    def _are_done(self, deliveries: Sequence[Delivery]) -> bool:
        """Whether every connected proxy has accepted everything, or rejects something."""
        self._proxies.look(deliveries)
        return all(each.rejects or self._proxies.has_any(each.client) for each in deliveries)

    @property
    def is_under_way(self) -> bool:
        """Whether there is anything to look at."""
        return bool(len(self._rollouts) or len(self._nacks))

    @property
    def needs_looks(self) -> bool:
        """Whether something will change without anything that is told."""
        return self._rollouts.needs_looks

    def rejections(
        self,
        deliveries: Sequence[Delivery],
        sight: Sight,
        is_there: Callable[[Reference], bool],
        now: float,
    ) -> Iterator[tuple[Reference, Refusal] | None]:
        """Look at the streams; yield what is rejected of the objects that are there.

        Each rejection may be about everything that its proxy has: after it, this yields None for
        others to have their turn.
        """
        self._proxies.look(deliveries)
        for nack, references in self._nacks.take(sight, self._is_news):
            key = (id(nack.client), nack.type_url)
            for reference in filter(is_there, references):
                if status_kind(reference) is not None:
                    moment = self._proxies.moment
                    self._rollouts.refused(reference, key, nack.refusal, moment, now)
                yield reference, nack.refusal
            yield None

    def news(
        self, deliveries: Sequence[Delivery], sight: Sight, now: float
    ) -> Iterator[tuple[Reference, Programming] | None]:
        """Yield what is to be said since the last look; None for others to have their turn."""
        clients = {id(each.client): each.client for each in deliveries}
        self._rollouts.withdraw(lambda key: _is_over(key, clients))
        for news in self._rollouts.news(self._proxies, sight.audiences_of, now):
            if news is None:
                yield None
                continue
            reference, found = news
            count = self._proxies.proxies(staying(sight, reference))
            yield reference, replace(found, staying=count) if count else found

    def _is_news(self, reference: Reference, client: ClientState) -> bool:
        """Whether a proxy has not accepted an object before, as it is in force."""
        since = self._rollouts.since(reference)
        return since is not None and self._proxies.reached(client) <= since


def _is_over(key: Hashable, clients: dict[int, ClientState]) -> bool:
    """Whether a proxy has accepted something of a type since it has rejected it, or is gone."""
    assert isinstance(key, tuple)
    client = clients.get(key[0])
    state = client.types.get(key[1]) if client is not None else None
    return state is None or not state.is_rejecting
