"""Turns among addresses: few at a time, each address in turn, and no turn is lost."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from straightway.identities.fairness import BURST, Budgets, Turns
from straightway.identities.newest import Newest

ADDRESSES = st.sampled_from("abc")


class Place:
    """Who has come, is inside, and has been inside."""

    def __init__(self, at_once: int) -> None:
        self.turns = Turns(at_once)
        self.inside: list[tuple[str, asyncio.Event]] = []
        self.order: list[str] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def come(self, address: str) -> None:
        self.tasks.append(asyncio.create_task(self._stay(address)))
        await settled()

    async def _stay(self, address: str) -> None:
        async with self.turns.turn(address):
            may_leave = asyncio.Event()
            self.inside.append((address, may_leave))
            self.order.append(address)
            try:
                await may_leave.wait()
            finally:
                self.inside.remove((address, may_leave))

    async def leave(self, number: int) -> None:
        if self.inside:
            self.inside[number % len(self.inside)][1].set()
            await settled()

    async def give_up(self, number: int) -> None:
        if self.tasks:
            self.tasks.pop(number % len(self.tasks)).cancel()
            await settled()


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_an_address_with_many_waits_behind_one_with_few():
    async def story():
        place = Place(1)
        for address in "aaaaabc":
            await place.come(address)
        for _ in range(7):
            await place.leave(0)
        assert place.order == ["a", "a", "b", "c", "a", "a", "a"]

    asyncio.run(story())


@given(
    st.integers(1, 3),
    st.lists(
        st.tuples(st.just("come"), ADDRESSES)
        | st.tuples(st.sampled_from(["leave", "give_up"]), st.integers(0, 20)),
        max_size=40,
    ),
)
def test_there_are_as_many_inside_as_may_be_whatever_happens(at_once, acts):
    async def story():
        place = Place(at_once)
        for act, argument in acts:
            await getattr(place, act)(argument)
            present = sum(not task.done() for task in place.tasks)
            assert len(place.inside) == min(at_once, present)
        for task in place.tasks:
            task.cancel()
        await settled()
        for _ in range(at_once + 1):
            await place.come("a")
        assert len(place.inside) == at_once
        for task in place.tasks:
            task.cancel()
        await asyncio.gather(*place.tasks, return_exceptions=True)

    asyncio.run(story())


def test_one_who_gives_up_as_its_turn_comes_passes_it_on():
    async def story():
        place = Place(1)
        for address in "abc":
            await place.come(address)
        place.inside[0][1].set()
        await asyncio.sleep(0)
        place.tasks[1].cancel()
        await settled()
        assert [address for address, _ in place.inside] == ["c"]
        place.tasks[2].cancel()
        await settled()

    asyncio.run(story())


def test_a_budget_is_its_addresss_alone_and_comes_back_with_time():
    budgets = Budgets()
    assert all(budgets.spend("a", 0.0) for _ in range(BURST))
    assert not budgets.spend("a", 0.0)
    assert budgets.spend("b", 0.0)
    assert budgets.spend("a", 1.0)
    assert not budgets.spend("a", 1.0)
    budgets.give_back("a")
    assert budgets.spend("a", 1.0)
    budgets.give_back("unknown")


@given(st.integers(1, 5), st.lists(st.integers(0, 9), max_size=50))
def test_the_newest_entries_are_kept(most: int, puts: list[int]) -> None:
    newest, order = Newest[int, int](most), list[int]()
    for number, key in enumerate(puts):
        newest.put(key, number)
        order = [*(each for each in order if each != key), key]
        assert len(newest) == min(most, len(order))
        assert {each for each in order if newest.get(each) is not None} == set(order[-most:])
