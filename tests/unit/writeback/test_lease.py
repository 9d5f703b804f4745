"""Leader election as a state machine: replicas whose clocks run at different rates, one server."""

from __future__ import annotations

import heapq
import itertools
import random
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from straightway.writeback.lease import NOBODY, Election, Record, Times

TIMES = Times(lease=15.0, renew=10.0, retry=2.0)
TODAY = "2026-01-01T00:00:00.000000Z"


def lease(holder: str, renewed: str = TODAY, version: str = "1") -> Record:
    return Record(holder, TODAY, renewed, 15, 3, version)


def test_takes_a_lease_that_does_not_exist():
    election = Election("a", TIMES)
    assert election.must_read
    assert election.wanted(0, TODAY) is None
    election.observed(NOBODY, 0)
    wanted = election.wanted(0, TODAY)
    assert wanted == Record("a", TODAY, TODAY, 15, 0, "")
    assert not election.is_leading(0)
    election.written(replace(wanted, version="1"), 0)
    assert election.is_leading(9.9)
    assert not election.is_leading(10)


def test_waits_until_a_lease_was_unchanged_for_its_time_whatever_its_clock_says():
    election = Election("b", TIMES)
    # Its renewTime is a year ago, or in a year, by the clock of whoever wrote it.
    for renewed in ("2025-01-01T00:00:00Z", "2027-01-01T00:00:00Z"):
        election.observed(lease("a", renewed), 100)
        assert election.wanted(114.9, TODAY) is None
        election.observed(lease("a", renewed), 114.9)
        wanted = election.wanted(115, TODAY)
        assert wanted is not None
        assert (wanted.holder, wanted.transitions, wanted.version) == ("b", 4, "1")
        election.refused()


def test_a_renewal_starts_the_wait_again():
    election = Election("b", TIMES)
    election.observed(lease("a", "1"), 0)
    election.observed(lease("a", "2"), 14)
    assert election.wanted(28, TODAY) is None
    assert election.wanted(29, TODAY) is not None


def test_respects_a_longer_lease_of_another():
    election = Election("b", TIMES)
    election.observed(replace(lease("a"), duration=60), 0)
    assert election.wanted(59, TODAY) is None
    assert election.wanted(60, TODAY) is not None


def test_takes_a_lease_that_was_given_up_at_once():
    election = Election("b", TIMES)
    election.observed(replace(lease(""), duration=1), 0)
    assert election.wanted(0, TODAY) is not None


def test_leads_no_longer_than_from_when_it_asked():
    election = Election("a", TIMES)
    election.observed(NOBODY, 0)
    # The answer came after 8 s: others may have seen the Lease unchanged for as long.
    election.written(lease("a"), asked_at=0)
    assert election.is_leading(8)
    assert election.leads_until(8) == 10


def test_loses_when_another_is_named():
    election = Election("a", TIMES)
    election.observed(NOBODY, 0)
    election.written(lease("a"), 0)
    election.observed(lease("b", version="2"), 1)
    assert not election.is_leading(1)
    assert election.wanted(1, TODAY) is None


def test_gives_up_only_what_it_has():
    election = Election("a", TIMES)
    assert election.resigned(0, TODAY) is None
    election.observed(NOBODY, 0)
    election.written(lease("a"), 0)
    given_up = election.resigned(1, TODAY)
    assert given_up is not None
    assert (given_up.holder, given_up.version) == ("", "1")
    assert not election.is_leading(1)
    late = Election("a", TIMES)
    late.observed(NOBODY, 0)
    late.written(lease("a"), 0)
    assert late.resigned(11, TODAY) is None


@pytest.mark.parametrize("wrong", [(15, 15, 2), (15, 10, 10), (15, 10, 0), (5, 10, 2)])
def test_times_must_grow(wrong):
    with pytest.raises(ValueError, match="grow"):
        Times(*wrong)


# --- Many replicas -----------------------------------------------------------------------------


@dataclass
class Server:
    """A Lease with optimistic concurrency."""

    record: Record = NOBODY
    version: int = 0

    def put(self, wanted: Record) -> Record | None:
        if wanted.version != self.record.version:
            return None
        self.version += 1
        self.record = replace(wanted, version=str(self.version))
        return self.record


@dataclass
class Replica:
    """A replica whose monotonic clock runs at its own rate from its own beginning."""

    election: Election
    rate: float
    offset: float
    alive: bool = True
    led: list[tuple[float, float]] = field(default_factory=list)

    def clock(self, now: float) -> float:
        return self.offset + now * self.rate


class World:
    """Replicas that try again and again; requests take time, get lost, or their answers do."""

    def __init__(self, replicas: list[Replica], seed: int, trouble: float) -> None:
        self.server = Server()
        self.replicas = replicas
        self.random = random.Random(seed)
        self.trouble = trouble
        self.writes = 0
        self._events: list[tuple[float, int, tuple[Any, ...]]] = []
        self._count = itertools.count()
        for replica in replicas:
            self._at(self.random.uniform(0, 2), ("attempt", replica))

    def _at(self, when: float, what: tuple[Any, ...]) -> None:
        heapq.heappush(self._events, (when, next(self._count), what))

    def run(self, until: float) -> None:
        while self._events and self._events[0][0] <= until:
            now, _, event = heapq.heappop(self._events)
            what, replica, *rest = event
            if replica.alive or what == "applied":
                getattr(self, f"_{what}")(now, replica, *rest)
            self.check(now)

    def _attempt(self, now: float, replica: Replica) -> None:
        """Read and then write, each at some later time on the server."""
        self._at(now + self._delay(), ("read", replica))
        self._at(now + 2.0 * self.random.uniform(1, 1.2) / replica.rate, ("attempt", replica))

    def _read(self, now: float, replica: Replica) -> None:
        if self._is_lost():
            return
        self._at(now + self._delay(), ("answered", replica, self.server.record))

    def _answered(self, now: float, replica: Replica, record: Record) -> None:
        local = replica.clock(now)
        replica.election.observed(record, local)
        self.writes += 1
        wanted = replica.election.wanted(local, str(self.writes))
        if wanted is not None and not self._is_lost():
            self._at(now + self._delay(), ("applied", replica, wanted, local))

    def _applied(self, now: float, replica: Replica, wanted: Record, asked_at: float) -> None:
        stored = self.server.put(wanted)
        if not self._is_lost():
            self._at(now + self._delay(), ("stored", replica, stored, asked_at))

    def _stored(self, now: float, replica: Replica, stored: Record | None, at: float) -> None:
        if stored is None:
            replica.election.refused()
        else:
            replica.election.written(stored, at)

    def _delay(self) -> float:
        return self.random.expovariate(4.0)

    def _is_lost(self) -> bool:
        return self.random.random() < self.trouble

    def leaders(self, now: float) -> list[Replica]:
        return [
            each
            for each in self.replicas
            if each.alive and each.election.is_leading(each.clock(now))
        ]

    def check(self, now: float) -> None:
        assert len(self.leaders(now)) <= 1


rates = st.floats(0.85, 1.2)


@settings(max_examples=150)
@given(
    clocks=st.lists(st.tuples(rates, st.floats(0, 1e6)), min_size=2, max_size=4),
    seed=st.integers(0, 2**32),
    trouble=st.sampled_from([0.0, 0.1, 0.5]),
)
def test_there_are_never_two_leaders(clocks, seed, trouble):
    replicas = [
        Replica(Election(f"r{index}", TIMES), rate, offset)
        for index, (rate, offset) in enumerate(clocks)
    ]
    world = World(replicas, seed, trouble)
    for kill_at in (100, 200):
        world.run(kill_at)
        for leader in world.leaders(kill_at):
            if sum(each.alive for each in replicas) > 1:
                leader.alive = False
    world.run(300)


@settings(max_examples=60)
@given(
    clocks=st.lists(st.tuples(rates, st.floats(0, 1e6)), min_size=2, max_size=4),
    seed=st.integers(0, 2**32),
)
def test_one_leads_soon_and_another_when_it_dies(clocks, seed):
    replicas = [
        Replica(Election(f"r{index}", TIMES), rate, offset)
        for index, (rate, offset) in enumerate(clocks)
    ]
    world = World(replicas, seed, trouble=0.0)
    world.run(20)
    (first,) = world.leaders(20)
    world.run(60)
    assert world.leaders(60) == [first], "it leads as long as it lives"
    first.alive = False
    world.run(100)
    (second,) = world.leaders(100)
    assert second is not first
