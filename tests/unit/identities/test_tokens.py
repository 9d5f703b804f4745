"""Tokens of service accounts: when the API server is asked, and what counts without it."""

from __future__ import annotations

import asyncio
import itertools

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from straightway.identities import Identity
from straightway.identities.fairness import BURST, RATE
from straightway.identities.identity import CannotProveError, NotProvedError
from straightway.identities.tokens import FRESH, GRACE, PAUSE, REFUSED, Tokens
from straightway.kubernetes.errors import ApiError
from tests.support import virtual_time
from tests.support.tokens import AUDIENCE, LATER, FakeApiServer, reviewed, token


def in_time(test):
    """Run a test of `(tokens, server)` in virtual time."""

    async def run():
        server = FakeApiServer()
        clock = asyncio.get_running_loop().time
        await test(Tokens(server, AUDIENCE, wall_clock=clock), server)

    return lambda: virtual_time.run(run())


@in_time
async def test_a_token_is_that_of_its_account_and_pod(tokens, server):
    assert await tokens.identity(token("shop/gw", pod="gw-1")) == Identity(
        "shop", "gw", "gw-1", "uid-of-gw-1"
    )
    assert await tokens.identity(token("shop/gw")) == Identity("shop", "gw")


@in_time
async def test_an_accepted_token_is_reviewed_once_a_minute(tokens, server):
    for _ in range(3):
        await tokens.identity(token())
    assert len(server.asked) == 1
    await asyncio.sleep(FRESH)
    await tokens.identity(token())
    assert len(server.asked) == 2


@in_time
async def test_all_who_ask_about_a_token_at_once_share_one_review(tokens, server):
    identities = await asyncio.gather(*(tokens.identity(token()) for _ in range(100)))
    assert set(identities) == {Identity("shop", "gateway")}
    assert len(server.asked) == 1


@in_time
async def test_one_who_goes_away_leaves_the_answer_to_the_others(tokens, server):
    first = asyncio.create_task(tokens.identity(token()))
    second = asyncio.create_task(tokens.identity(token()))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == Identity("shop", "gateway")
    assert len(server.asked) == 1


@in_time
async def test_a_refused_token_is_not_reviewed_again_at_once(tokens, server):
    server.review = lambda claims: {"authenticated": False, "error": "whatever"}
    for _ in range(3):
        with pytest.raises(NotProvedError, match="does not know the token"):
            await tokens.identity(token())
    assert len(server.asked) == 1
    await asyncio.sleep(REFUSED)
    server.review = reviewed
    await tokens.identity(token())


@in_time
async def test_while_the_server_is_away_a_known_token_counts_for_its_grace_time(tokens, server):
    await tokens.identity(token())
    server.is_away = True
    await asyncio.sleep(GRACE - 1)
    await tokens.identity(token())
    await asyncio.sleep(1)
    with pytest.raises(CannotProveError):
        await tokens.identity(token())


@in_time
async def test_but_never_beyond_its_own_end(tokens, server):
    known = token(expires=FRESH / 2)
    await tokens.identity(known)
    server.is_away = True
    await asyncio.sleep(FRESH / 2)
    with pytest.raises(NotProvedError, match="expired"):
        await tokens.identity(known)


@in_time
async def test_while_the_server_is_away_an_unknown_token_is_not_judged(tokens, server):
    server.is_away = True
    with pytest.raises(CannotProveError), structlog.testing.capture_logs():
        await tokens.identity(token())


@in_time
async def test_a_server_that_hangs_is_waited_for_by_the_first_alone(tokens, server):
    for number in range(100):
        await tokens.identity(token(expires=LATER + number))
    await asyncio.sleep(FRESH)
    server.asked.clear()
    server.is_away, server.seconds = True, 10.0
    started = asyncio.get_running_loop().time()
    await asyncio.gather(*(tokens.identity(token(expires=LATER + n)) for n in range(100)))
    assert asyncio.get_running_loop().time() - started == 10.0
    assert len(server.asked) == 16
    with pytest.raises(CannotProveError):
        await tokens.identity(token("shop/new"))
    assert len(server.asked) == 16
    server.is_away = False
    await asyncio.sleep(PAUSE)
    assert await tokens.identity(token("shop/new")) == Identity("shop", "new")


@in_time
async def test_a_token_that_was_refused_meanwhile_has_no_grace(tokens, server):
    await tokens.identity(token())
    server.review = lambda claims: {"authenticated": False}
    await asyncio.sleep(FRESH)
    with pytest.raises(NotProvedError):
        await tokens.identity(token())
    server.is_away = True
    await asyncio.sleep(REFUSED)
    with pytest.raises(CannotProveError):
        await tokens.identity(token())


@in_time
async def test_a_missing_right_is_said_once_with_its_remedy(tokens, server):
    server.error = ApiError(403, "Forbidden", "tokenreviews is forbidden")
    with structlog.testing.capture_logs() as logs:
        for _ in range(2):
            with pytest.raises(CannotProveError):
                await tokens.identity(token())
    (line,) = logs
    assert line["remedy"] == "allow to create tokenreviews.authentication.k8s.io"


@pytest.mark.parametrize(
    ("shown", "reason"),
    [
        ("", "not a service account token"),
        ("opaque", "not a service account token"),
        ("a.b.c", "not a service account token"),
        ("e30.W10.c", "not a service account token"),
        ("e30." + "e" * 20_000 + ".c", "not a service account token"),
        (token(audience=["https://kubernetes.default.svc"]), "not for the audience 'straightway'"),
        (token(audience=None), "not for the audience 'straightway'"),
        (token(expires=0), "expired"),
    ],
)
def test_what_cannot_be_accepted_is_refused_without_asking(shown, reason):
    @in_time
    async def check(tokens, server):
        with pytest.raises(NotProvedError, match=reason):
            await tokens.identity(shown)
        assert server.asked == []

    check()


def test_an_audience_may_be_a_single_one():
    @in_time
    async def check(tokens, server):
        await tokens.identity(token(audience=AUDIENCE))

    check()


@pytest.mark.parametrize(
    "status",
    [
        None,
        {},
        {"authenticated": "true"},
        {**reviewed({"sub": "a/b", "pod": ""}), "audiences": None},
        {**reviewed({"sub": "a/b", "pod": ""}), "audiences": ["other"]},
        {"authenticated": True, "audiences": [AUDIENCE], "user": {"username": "admin"}},
        {"authenticated": True, "audiences": [AUDIENCE], "user": None},
    ],
)
def test_only_a_service_account_for_our_audience_is_accepted(status):
    @in_time
    async def check(tokens, server):
        server.review = lambda claims: status
        with pytest.raises(NotProvedError):
            await tokens.identity(token())

    check()


@in_time
async def test_an_address_may_ask_about_few_tokens_that_are_nobodys_and_then_one_a_second(
    tokens, server
):
    server.review = lambda claims: {"authenticated": False}
    numbers = itertools.count(LATER)

    async def flood(address="10.0.0.1", many=3 * BURST):
        for _ in range(many):
            with pytest.raises((NotProvedError, CannotProveError)):
                await tokens.identity(token(expires=next(numbers)), address)

    await flood()
    assert len(server.asked) == BURST
    await asyncio.sleep(10)
    await flood()
    assert len(server.asked) == BURST + 10 * RATE
    await flood("10.0.0.2", many=1)
    assert len(server.asked) == BURST + 10 * RATE + 1


@in_time
async def test_many_new_proxies_behind_one_address_are_all_accepted(tokens, server):
    for number in range(10 * BURST):
        await tokens.identity(token(expires=LATER + number), "10.0.0.1")
    # As for an answer that there is not.
    server.is_away = True
    with structlog.testing.capture_logs():
        for number in range(2 * BURST):
            with pytest.raises(CannotProveError, match="API server"):
                await tokens.identity(token("shop/a", expires=LATER + number), "10.0.0.1")
    server.is_away = False
    await asyncio.sleep(PAUSE)
    await tokens.identity(token("shop/b"), "10.0.0.1")


@in_time
async def test_while_many_tokens_of_one_address_wait_another_address_has_its_turn(tokens, server):
    server.seconds = 1.0
    server.review = lambda claims: reviewed(claims) if claims["pod"] else {}
    flood = [
        asyncio.create_task(tokens.identity(token(expires=LATER + number), "10.0.0.1"))
        for number in range(10 * BURST)
    ]
    await asyncio.sleep(0.5)
    started = asyncio.get_running_loop().time()
    await tokens.identity(token(pod="gw-1"), "10.0.0.2")
    assert asyncio.get_running_loop().time() - started <= 1.5
    await asyncio.wait(flood)
    assert sum(isinstance(each.exception(), NotProvedError) for each in flood) == BURST


def test_a_flood_of_invalid_tokens_forgets_no_valid_one():
    @in_time
    async def check(tokens, server):
        await tokens.identity(token())
        server.review = lambda claims: {"authenticated": False}
        for number in range(5000):
            with pytest.raises(NotProvedError):
                await tokens.identity(token(expires=LATER + 1 + number), f"10.0.0.{number % 250}")
        assert len(tokens._refused) <= 4096
        asked = len(server.asked)
        await tokens.identity(token())
        assert len(server.asked) == asked

    check()


@given(st.text() | st.from_regex(r"[\w=-]{0,20}\.[\w=-]{0,20}\.[\w=-]{0,20}", fullmatch=True))
def test_any_text_is_judged(shown):
    @in_time
    async def check(tokens, server):
        server.review = lambda claims: {"authenticated": False}
        with pytest.raises(NotProvedError) as raised:
            await tokens.identity(shown)
        assert len(shown) < 8 or shown not in str(raised.value)

    check()
