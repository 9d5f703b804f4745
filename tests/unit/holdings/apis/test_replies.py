"""What a hostile runtime may send costs bounded memory and time, and is told in printable words."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from straightway.holdings.answers import FailureKind, Model, NoAnswerError
from straightway.holdings.apis import ASKERS
from straightway.holdings.apis.replies import (
    LONGEST_NAME,
    MOST_MODELS,
    Reply,
    checked,
    printable,
)
from straightway.holdings.names import Naming, listing
from straightway.holdings.pools import Api
from tests.support.asking import SETTINGS, target
from tests.support.recorded import Recorded

T = TypeVar("T")

FIRST = {
    Api.TRITON: "POST /v2/repository/index",
    Api.MLSERVER: "POST /v2/repository/index",
    Api.KSERVE: "GET /v2/models",
    Api.OPENAI: "GET /v1/models",
    Api.TORCHSERVE: "GET /models?limit=1000",
    Api.AUTO: "GET /v2",
}
DEEP = b'{"data": [{"x": ' + b"[" * 100_000
LISTS = {
    Api.TRITON: lambda names: [{"name": name, "state": "READY"} for name in names],
    Api.MLSERVER: lambda names: [{"name": name, "state": "READY"} for name in names],
    Api.KSERVE: lambda names: {"models": names},
    Api.OPENAI: lambda names: {"data": [{"id": name} for name in names]},
    Api.TORCHSERVE: lambda names: {"models": [{"modelName": name} for name in names]},
}


async def failure_of(api: Api, answer: object) -> NoAnswerError:
    with pytest.raises(NoAnswerError) as error:
        await ASKERS[api]().ask(Recorded({FIRST[api]: answer}), target(8000), SETTINGS)
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 700
    return error.value


@pytest.mark.parametrize("api", LISTS)
@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>\n<b>\x1b[31mred</b>",
        b"[",
        b"{}",
        b'["\xff"]',
        b"null",
        b"[" * 100_000,
        b"{" * 59_000,
        b'{"data": ' * 20_000,
        DEEP,
        b'[{"name": "iris", "x": ' + b"[" * 100_000,
        b'{"models": [{"modelName": ' * 2,
        b"[" + b"{}," * 100_000 + b"{}]",
        b"[" + b"1," * 1_000_000 + b"1]",
    ],
    ids=lambda answer: repr(answer[:24]),
)
async def test_what_is_no_list_is_refused(api, answer):
    assert (await failure_of(api, answer)).kind is FailureKind.INVALID


@pytest.mark.parametrize("api", [Api.TRITON, Api.OPENAI])
@pytest.mark.parametrize(
    "name",
    ["", "x" * 1_000_000, "a\nb", "\x1b[2J", "a\u202eb", "\0"],
    ids=["empty", "1 MB", "newline", "escape", "right-to-left", "null"],
)
async def test_a_name_that_cannot_be_one_is_left_out_and_costs_no_other(api, name):
    runtime = Recorded({FIRST[api]: LISTS[api](["iris", name]), "GET /metrics": b""})
    answer = await ASKERS[api]().ask(runtime, target(8000), SETTINGS)
    assert max(len(model.name) for model in answer.models) <= LONGEST_NAME + 1
    ready, _, left_out = listing(answer.models, Naming())
    assert ready == ("iris",)
    assert sum(left_out) == 1


@pytest.mark.parametrize("api", LISTS)
async def test_more_models_than_can_be_meant_are_refused(api):
    names = [f"m{number}" for number in range(MOST_MODELS + 1)]
    error = await failure_of(api, LISTS[api](names))
    assert error.kind is FailureKind.INVALID
    assert "20,001 models, and at most 20,000" in str(error)


@pytest.mark.parametrize("api", [*LISTS, Api.AUTO])
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, FailureKind.DENIED),
        (403, FailureKind.DENIED),
        (429, FailureKind.STARTING),
        (500, FailureKind.INVALID),
        (503, FailureKind.STARTING),
    ],
)
async def test_a_refusal_has_its_kind(api, status, kind):
    error = await failure_of(api, status)
    assert error.kind is kind
    assert f": it answered {status} " in str(error)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (
            Reply("GET u", 404),
            "GET u: it answered 404 Not Found, it has no such API there",
        ),
        (
            Reply("GET u", 403, b"key\nexpired"),
            "GET u: it answered 403 Forbidden, it wants other credentials: key expired",
        ),
        (
            Reply("GET u", 302, b"", "https://elsewhere"),
            "GET u: it answered 302 and points to https://elsewhere: redirects are not followed",
        ),
        (Reply("GET u", 599), "GET u: it answered 599"),
    ],
)
def test_a_refusal_says_what_was_asked_and_what_came(reply, words):
    with pytest.raises(NoAnswerError) as error:
        reply.expect()
    assert str(error.value) == words


@given(st.text(max_size=1000))
def test_what_is_shown_is_short_and_printable(text):
    shown = printable(text)
    assert shown.isprintable()
    assert len(shown) <= 200


@given(st.lists(st.builds(Model, st.text(max_size=600), version=st.text(max_size=80))))
def test_models_keep_names_that_can_be_used_and_cost_little(models):
    found = checked(models, "asked")
    assert len({(model.name, model.version) for model in found}) == len(found)
    assert all(len(model.name) <= LONGEST_NAME + 1 for model in found)
    usable = {model.name for model in models if 0 < len(model.name) <= LONGEST_NAME}
    assert {model.name for model in found if 0 < len(model.name) <= LONGEST_NAME} == usable


@given(
    st.binary(max_size=300)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ).map(lambda value: json.dumps(value).encode())
)
def test_any_bytes_are_decoded_or_refused(body):
    reply = Reply("asked", 200, body)
    for kind in (list[dict[str, str]], dict[str, list[str]]):
        found = outcome_of(partial(reply.decode, msgspec.json.Decoder(kind)))
        if isinstance(found, NoAnswerError):
            assert (found.kind, str(found).isprintable()) == (FailureKind.INVALID, True)


def outcome_of(read: Callable[[], T]) -> T | NoAnswerError:
    """Return what reading returns, or why it does not."""
    try:
        return read()
    except NoAnswerError as error:
        return error
