"""Costs at sizes that take too long to be measured."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.change_scale import Estimate, at_scale, extrapolate

SIZES = (50, 100, 1000)


class Measured:
    """A cost that is a power of the size, and the sizes at which it was asked for."""

    def __init__(self, factor: float, exponent: float) -> None:
        self.factor, self.exponent = factor, exponent
        self.sizes: list[int] = []

    def cost(self, size: int) -> float:
        return self.factor * math.pow(size, self.exponent)

    async def __call__(self, size: int) -> float:
        self.sizes.append(size)
        return self.cost(size)


async def test_what_stays_below_the_limit_is_measured_at_the_last_size() -> None:
    linear = Measured(0.001, 1)
    assert await at_scale(linear, SIZES, limit=15.0) == Estimate(linear.cost(1000), True)
    assert linear.sizes == [50, 100, 1000]


async def test_what_would_take_longer_is_extrapolated_and_never_tried() -> None:
    quadratic = Measured(2.19e-4, 2)
    estimate = await at_scale(quadratic, SIZES, limit=15.0)
    assert estimate.seconds == pytest.approx(219.0)
    assert not estimate.is_measured
    assert estimate.about == "~"
    assert quadratic.sizes == [50, 100]


@given(
    factor=st.floats(1e-6, 10.0),
    exponent=st.floats(1.0, 3.0),
    sizes=st.tuples(st.integers(1, 50), st.integers(51, 500), st.integers(501, 5000)),
)
def test_powers_from_linear_to_cubic_are_extrapolated_exactly(
    factor: float, exponent: float, sizes: tuple[int, int, int]
) -> None:
    small, large, wanted = sizes
    cost = Measured(factor, exponent).cost
    extrapolated = extrapolate((small, cost(small)), (large, cost(large)), wanted)
    assert extrapolated == pytest.approx(cost(wanted), rel=1e-6)


@given(little=st.floats(0.0, 10.0), much=st.floats(0.0, 10.0))
def test_costs_never_grow_less_than_linearly_nor_more_than_cubically(
    little: float, much: float
) -> None:
    extrapolated = extrapolate((50, little), (100, much), 1000)
    assert much * 10 <= extrapolated * (1 + 1e-9)
    assert extrapolated <= much * 1000 * (1 + 1e-9)
