"""Which proxies have accepted everything up to which moment: pure, looked at now and then.

Nothing is noted when a proxy acknowledges a response: at a thousand proxies that would be paid for
each push. Instead all streams are looked at while anyone wants to know. A look takes a mark of each
stream to which everything has been sent: its moment, and the newest response of each type. Once all
of these are accepted, at any later look, the proxy has everything up to that moment, even if newer
responses are under way all the time.

A moment is the number of a look. What is put in force after look ``n`` is confirmed by a proxy that
has everything up to ``n + 1``.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from straightway.discovery import CLUSTER, LISTENER, ROUTE_CONFIGURATION, ClientState, Delivery

NEVER: Final = -1
_ROUTING: Final = (CLUSTER, LISTENER)


@dataclass(slots=True)
class _Seen:
    """What is known of a stream. ``nonces`` are those of the mark, by type URL."""

    key: Hashable
    moment: int = NEVER
    marked: int = NEVER
    nonces: Mapping[str, int] | None = None


class Confirmations:
    """How far each proxy has come, by audience.

    A proxy is a stream that has asked for clusters and listeners: a stream of one type alone does
    not say what a proxy has. ``has_routes`` tells whether an audience has any.
    """

    def __init__(self) -> None:
        self.moment = 0
        """The number of the last look."""
        self._seen: dict[int, tuple[ClientState, _Seen]] = {}
        self._by_audience: dict[Hashable, list[int]] = {}

    def look(self, deliveries: Iterable[Delivery]) -> None:
        """Look at all open streams."""
        self.moment += 1
        seen: dict[int, tuple[ClientState, _Seen]] = {}
        by_audience: dict[Hashable, list[int]] = {}
        for delivery in deliveries:
            client = delivery.client
            if any(each not in client.types for each in _ROUTING):
                continue
            _, stream = self._seen.get(id(client), (client, _Seen(client.key)))
            if stream.key != client.key:  # What it has accepted so far was for another audience.
                stream = _Seen(client.key)
            self._advance(stream, delivery)
            seen[id(client)] = (client, stream)
            by_audience.setdefault(client.key, []).append(stream.moment)
        self._seen, self._by_audience = seen, by_audience

    def proxies(self, audiences: Iterable[Hashable]) -> int:
        """Return how many proxies some audiences have."""
        return sum(len(self._by_audience.get(each, ())) for each in audiences)

    def confirmed(self, audiences: Iterable[Hashable], moment: int) -> int:
        """Return how many proxies of some audiences have everything up to a moment."""
        return sum(
            reached >= moment for each in audiences for reached in self._by_audience.get(each, ())
        )

    def reached(self, client: ClientState) -> int:
        """Return up to which moment a proxy has everything."""
        found = self._seen.get(id(client))
        return found[1].moment if found is not None else NEVER

    def has_any(self, client: ClientState) -> bool:
        """Whether a proxy has had everything up to some moment since it was first looked at."""
        return self.reached(client) > NEVER

    def forget(self) -> None:
        """Forget all proxies, but not the moment."""
        self._seen, self._by_audience = {}, {}

    def _advance(self, stream: _Seen, delivery: Delivery) -> None:
        acked = _numbers(delivery.client, accepted=True)
        if stream.nonces is not None and _covers(acked, stream.nonces) and not delivery.rejects:
            stream.moment, stream.nonces = stream.marked, None
        if delivery.is_sent and not delivery.rejects and stream.nonces is None:
            sent = _numbers(delivery.client, accepted=False)
            if delivery.has_routes and ROUTE_CONFIGURATION not in sent:
                return  # It has the listeners and will ask for the routes.
            if _covers(acked, sent):
                stream.moment = self.moment
            else:
                stream.marked, stream.nonces = self.moment, sent


def _numbers(client: ClientState, *, accepted: bool) -> dict[str, int]:
    """Return the numbers of the newest responses of each type: nonces count up."""
    found = {}
    for type_url, state in client.types.items():
        response = state.acked if accepted else state.sent
        if response is not None:
            found[type_url] = int(response.nonce, 16)
    return found


def _covers(acked: Mapping[str, int], sent: Mapping[str, int]) -> bool:
    return all(acked.get(type_url, -1) >= number for type_url, number in sent.items())
