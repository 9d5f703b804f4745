"""Leader election among replicas whose clocks run at different rates, with one server."""

from __future__ import annotations

import heapq
import itertools
import random
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from straightway.writeback.lease import NOBODY, Election, Record, Times

TIMES = Times(lease=15.0, renew=10.0, retry=2.0)


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

    @property
    def is_seen_by_all(self) -> bool:
        """Whether all know whose the Lease is."""
        holder = self.server.record.holder
        return all(each.election.holder == holder for each in self.replicas if each.alive)

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
    deletions=st.lists(st.floats(0.1, 30), min_size=1, max_size=8),
    kills=st.booleans(),
)
def test_nor_when_the_lease_is_deleted_once_all_have_seen_it(clocks, seed, deletions, kills):
    replicas = [
        Replica(Election(f"r{index}", TIMES), rate, offset)
        for index, (rate, offset) in enumerate(clocks)
    ]
    world, now = World(replicas, seed, trouble=0.0), 30.0
    world.run(now)
    for pause in deletions:
        now += pause
        world.run(now)
        if not world.is_seen_by_all:
            continue
        world.server.record = NOBODY
        if kills and sum(each.alive for each in replicas) > 1:
            for leader in world.leaders(now):
                leader.alive = False
    world.run(now + 60)
    assert len(world.leaders(now + 60)) == 1


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
