"""Which proxies have everything up to which look, found by looking now and then."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from straightway.discovery import (
    CLUSTER,
    LISTENER,
    ROUTE_CONFIGURATION,
    ClientState,
    Delivery,
    Sent,
    Variant,
)
from straightway.writeback.confirmations import NEVER, Confirmations

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TYPES = (CLUSTER, LISTENER, ROUTE_CONFIGURATION)


class Proxy:
    """A stream: what was sent on it and accepted. Responses are numbered over all types."""

    def __init__(self, key: str = "gateways") -> None:
        self.client = ClientState("gw", "", key, Variant.DELTA, "peer")
        self.numbers = 0
        self.is_sent = True
        self.rejects = False

    def send(self, type_url: str) -> None:
        self.numbers += 1
        self.client.of_type(type_url).sent = Sent("v", format(self.numbers, "x"), NOW)

    def accept(self, type_url: str) -> None:
        state = self.client.of_type(type_url)
        state.acked = state.sent

    def send_all(self) -> None:
        for type_url in TYPES:
            self.send(type_url)

    def accept_all(self) -> None:
        for type_url in TYPES:
            self.accept(type_url)

    @property
    def delivery(self) -> Delivery:
        return Delivery(self.client, self.is_sent, self.rejects, has_routes=True)


def looked(proxies: Confirmations, *seen: Proxy) -> int:
    proxies.look([each.delivery for each in seen])
    return proxies.reached(seen[0].client)


def test_a_proxy_that_has_accepted_everything_has_what_was_sent_before_the_look():
    proxies, proxy = Confirmations(), Proxy()
    proxy.send_all()
    assert looked(proxies, proxy) == NEVER
    proxy.accept(CLUSTER)
    proxy.accept(LISTENER)
    assert looked(proxies, proxy) == NEVER
    proxy.accept(ROUTE_CONFIGURATION)
    assert looked(proxies, proxy) == 3
    assert (proxies.proxies(["gateways"]), proxies.confirmed(["gateways"], 3)) == (1, 1)
    assert proxies.confirmed(["gateways"], 4) == 0
    assert proxies.proxies(["sidecars"]) == 0


def test_what_is_under_way_all_the_time_does_not_keep_older_content_from_being_confirmed():
    proxies, proxy = Confirmations(), Proxy()
    proxy.send_all()
    reached = []
    for _ in range(6):
        # Each look finds the newest response unanswered.
        looked(proxies, proxy)
        proxy.accept_all()
        proxy.send(CLUSTER)
        reached.append(proxies.reached(proxy.client))
    assert reached[-1] >= 3


def test_a_proxy_without_its_routes_has_nothing_yet():
    proxies, proxy = Confirmations(), Proxy()
    for type_url in (CLUSTER, LISTENER):
        proxy.send(type_url)
        proxy.accept(type_url)
    assert looked(proxies, proxy) == NEVER
    proxy.send(ROUTE_CONFIGURATION)
    proxy.accept(ROUTE_CONFIGURATION)
    assert looked(proxies, proxy) == 2


def test_what_is_unsent_or_rejected_is_not_confirmed():
    proxies, proxy = Confirmations(), Proxy()
    proxy.send_all()
    proxy.accept_all()
    proxy.is_sent = False
    assert looked(proxies, proxy) == NEVER
    proxy.is_sent, proxy.rejects = True, True
    assert looked(proxies, proxy) == NEVER
    proxy.rejects = False
    assert looked(proxies, proxy) == 3


def test_a_proxy_that_moves_to_another_audience_starts_anew():
    proxies, proxy = Confirmations(), Proxy()
    proxy.send_all()
    proxy.accept_all()
    assert looked(proxies, proxy) == 1
    proxy.client.key = "others"
    proxy.is_sent = False
    assert looked(proxies, proxy) == NEVER
    assert proxies.proxies(["gateways"]) == 0


def test_a_stream_of_one_type_alone_is_no_proxy():
    proxies, proxy = Confirmations(), Proxy()
    proxy.send(CLUSTER)
    proxy.accept(CLUSTER)
    proxies.look([proxy.delivery])
    assert proxies.proxies(["gateways"]) == 0


steps = st.lists(
    st.tuples(st.sampled_from(["send", "accept", "look", "unsent"]), st.sampled_from(TYPES)),
    max_size=40,
)


@given(steps)
def test_nothing_is_confirmed_before_it_was_accepted(acts):
    """At each look, note what had been sent; whatever is confirmed must be accepted by now."""
    proxies, proxy = Confirmations(), Proxy()
    proxy.send_all()
    sent_at: dict[int, dict[str, int]] = {}
    for act, type_url in acts:
        match act:
            case "send":
                proxy.send(type_url)
                proxy.is_sent = True
            case "accept":
                proxy.accept(type_url)
            case "unsent":
                proxy.is_sent = False
            case "look":
                sent_at[proxies.moment + 1] = numbers(proxy, accepted=False)
                reached = looked(proxies, proxy)
                for each, number in sent_at.get(reached, {}).items():
                    assert numbers(proxy, accepted=True).get(each, -1) >= number


def numbers(proxy: Proxy, *, accepted: bool) -> dict[str, int]:
    found = {}
    for type_url, state in proxy.client.types.items():
        response = state.acked if accepted else state.sent
        if response is not None:
            found[type_url] = int(response.nonce, 16)
    return found
