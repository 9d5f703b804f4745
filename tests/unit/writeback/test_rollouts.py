"""What is on its way to the proxies, and when what is said about it."""

from __future__ import annotations

from straightway.documents import Reference
from straightway.writeback.confirmations import Confirmations
from straightway.writeback.facts import Programming, Refusal
from straightway.writeback.rollouts import PATIENCE, REPEAT, Rollouts

ROUTES = Reference("networking.istio.io", "VirtualService", "shop", "routes")


class Proxies(Confirmations):
    """How many proxies there are, and how many have everything in force."""

    def __init__(self, proxies: int, confirmed: int = 0) -> None:
        super().__init__()
        self.count, self.have = proxies, confirmed

    def proxies(self, _):
        return self.count

    def confirmed(self, _, moment):
        return self.have


def news(rollouts, proxies, now):
    found = rollouts.news(proxies, lambda _: ["gateways"], now)
    return dict(each for each in found if each is not None)


def rolling(now: float = 0.0) -> Rollouts:
    rollouts = Rollouts()
    rollouts.changed([ROUTES])
    rollouts.published(0, now)
    return rollouts


def test_what_is_not_published_is_not_rolled_out():
    rollouts = Rollouts()
    rollouts.changed([ROUTES])
    assert ROUTES in rollouts
    assert news(rollouts, Proxies(3, 3), 0) == {}


def test_a_version_that_is_replaced_is_not_concluded_any_more():
    rollouts = rolling()
    rollouts.changed([ROUTES])
    assert news(rollouts, Proxies(3, 3), 0) == {}
    rollouts.published(1, 1)
    assert news(rollouts, Proxies(3, 3), 1) == {ROUTES: Programming(3, 3)}


def test_what_all_proxies_have_is_said_once_and_is_over():
    rollouts = rolling()
    assert rollouts.needs_looks
    assert news(rollouts, Proxies(3, 3), 0) == {ROUTES: Programming(3, 3)}
    assert len(rollouts) == 0
    assert not rollouts.needs_looks
    # A proxy more, or one that goes, is no news.
    assert news(rollouts, Proxies(4, 3), 100) == {}


def test_progress_is_said_after_a_while_and_then_seldom():
    rollouts = rolling()
    assert news(rollouts, Proxies(3, 1), PATIENCE / 2) == {}
    assert news(rollouts, Proxies(3, 1), PATIENCE) == {ROUTES: Programming(3, 1)}
    assert news(rollouts, Proxies(3, 2), PATIENCE + 1) == {}
    assert news(rollouts, Proxies(3, 2), PATIENCE + REPEAT) == {ROUTES: Programming(3, 2)}
    assert news(rollouts, Proxies(3, 2), PATIENCE + 3 * REPEAT) == {}
    assert rollouts.needs_looks
    assert news(rollouts, Proxies(3, 3), PATIENCE + 3 * REPEAT) == {ROUTES: Programming(3, 3)}


def test_proxies_get_time_to_come_back_before_there_are_none():
    rollouts = rolling()
    rollouts.no_proxies_before = 30
    assert news(rollouts, Proxies(0), 29) == {}
    assert news(rollouts, Proxies(0), 30) == {ROUTES: Programming()}
    # Nobody looks for what nobody gets; when a proxy comes, it is said.
    assert not rollouts.needs_looks
    assert news(rollouts, Proxies(1, 1), 60) == {ROUTES: Programming(1, 1)}


def test_a_rejection_is_said_at_once_reopens_and_is_withdrawn():
    rollouts = rolling()
    assert news(rollouts, Proxies(2, 2), 0)
    refusal = Refusal("gw", "no")
    rollouts.refused(ROUTES, "stream", refusal, 5, 10)
    assert news(rollouts, Proxies(2, 1), 10) == {ROUTES: Programming(2, 1, (refusal,))}
    rollouts.withdraw(lambda _: False)
    assert news(rollouts, Proxies(2, 1), 11) == {}
    assert rollouts.needs_looks
    rollouts.withdraw(lambda key: key == "stream")
    assert news(rollouts, Proxies(2, 2), 12) == {ROUTES: Programming(2, 2)}


def test_a_new_version_is_rolled_out_anew_without_the_old_rejections():
    rollouts = rolling()
    rollouts.refused(ROUTES, "stream", Refusal("gw", "no"), 5, 0)
    rollouts.changed([ROUTES])
    rollouts.published(7, 20)
    assert rollouts.since(ROUTES) == 7
    assert news(rollouts, Proxies(1, 1), 20) == {ROUTES: Programming(1, 1)}


def test_what_is_gone_is_forgotten():
    rollouts = rolling()
    rollouts.refused(ROUTES, "stream", Refusal("gw", "no"), 5, 0)
    rollouts.forget(ROUTES)
    assert ROUTES not in rollouts
    assert news(rollouts, Proxies(0), 1000) == {}


def test_many_objects_are_looked_at_in_steps_and_proxies_counted_once():
    counted = []

    class Counted(Proxies):
        def confirmed(self, audiences, moment):
            counted.append(moment)
            return super().confirmed(audiences, moment)

    rollouts = Rollouts()
    rollouts.changed(ROUTES._replace(name=str(number)) for number in range(120))
    rollouts.published(0, 0)
    found = list(rollouts.news(Counted(2, 2), lambda _: ["gateways"], 0))
    assert found.count(None) == 2
    assert len(found) == 122
    assert counted == [1]
