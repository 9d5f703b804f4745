"""The token bucket: a rate, and a burst after a pause."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from straightway.token_bucket import TokenBucket


@given(
    st.floats(1, 50),
    st.integers(1, 50),
    st.lists(st.floats(0, 5), max_size=60),
)
def test_a_bucket_never_allows_more_than_its_rate_and_burst(rate, burst, pauses):
    bucket, now, taken = TokenBucket(rate, burst), 0.0, 0
    for pause in pauses:
        now += pause
        for _ in range(3):
            if bucket.wait(now) == 0:
                bucket.take(now)
                taken += 1
        assert taken <= burst + rate * now + 1e-3


@given(st.floats(1, 50), st.integers(1, 50))
def test_after_the_wait_that_a_bucket_says_there_is_a_turn(rate, burst):
    bucket, now = TokenBucket(rate, burst), 0.0
    for _ in range(3 * burst):
        now += bucket.wait(now)
        assert bucket.wait(now) == 0
        bucket.take(now)


@given(st.lists(st.booleans(), max_size=60))
def test_what_is_given_back_was_never_taken_and_is_no_more_than_a_burst(acts: list[bool]) -> None:
    bucket, left = TokenBucket(1.0, 5), 5
    for takes in acts:
        if not takes:
            bucket.give_back()
            left = min(5, left + 1)
        elif left:
            bucket.take(0.0)
            left -= 1
        assert (bucket.wait(0.0) == 0) == (left > 0)
