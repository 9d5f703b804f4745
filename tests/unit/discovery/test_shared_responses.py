import gc

import pytest

from straightway.discovery import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    SECRET,
    Cache,
    Resource,
    Variant,
)
from straightway.discovery.response import Plan, encode
from straightway.discovery.table import Table
from tests.support.conversation import KEY, Conversation, decode, resource, resources


def table(*texts: str) -> Table:
    made = Table()
    made.update(resources(CLUSTER, *texts), [])
    return made


def test_streams_that_need_the_same_share_one_response():
    served = table("a", "b")
    first, second = (
        encode(
            Variant.DELTA, CLUSTER, Plan(served.version, tuple(served.resources.values())), served
        )
        for _ in range(2)
    )
    assert first.data is second.data
    assert decode(Variant.DELTA, first.data).nonce == first.nonce


def test_a_stream_that_has_had_a_response_gets_the_same_again_with_another_nonce():
    served = table("a", "b")
    plan = Plan(served.version, tuple(served.resources.values()))
    first = encode(Variant.DELTA, CLUSTER, plan, served)
    again = encode(Variant.DELTA, CLUSTER, plan, served, after=first.number)

    assert again.number > first.number
    before, after = (decode(Variant.DELTA, each.data) for each in (first, again))
    assert after.nonce == again.nonce != before.nonce
    assert after.resources == before.resources


def test_a_plan_made_by_one_stream_serves_all_that_are_as_far():
    cache = Cache()
    cache.set("audience", {CLUSTER: resources(CLUSTER, "a", "b")})
    talks = [Conversation(variant, cache=cache) for variant in (*Variant, *Variant)]
    for talk in talks:
        talk.ask(CLUSTER) if talk.variant is not Variant.DELTA else talk.change(CLUSTER)
        talk.answer()
    # A removal, too: the delta response would name it, and is shared all the same.
    cache.update("audience", {CLUSTER: (resources(CLUSTER, "a@2"), ["b"])})
    tables = cache.tables("audience")
    assert tables is not None
    sotw, delta, *others = [talk.session.next(tables, 0.0) for talk in talks]
    assert sotw is not None
    assert delta is not None
    assert delta.plan.removed == ("b",)
    for first, other in zip((sotw, delta), others, strict=True):
        assert other is not None
        assert other.plan is first.plan
        assert other.data is first.data


def test_what_differs_is_not_shared():
    served = table("a", "b")
    whole = tuple(served.resources.values())
    kept = resource(CLUSTER, "kept")
    plans = [
        Plan(served.version, whole),
        Plan(served.version, whole, removed=("gone",)),
        Plan(served.version, whole[:1]),
        Plan(served.version, whole[1:]),
        Plan(served.version, whole, removed=("gone",), is_common=True),
        Plan(served.version, whole, removed=("gone as well",), is_common=True),
        Plan(served.version, whole, is_common=True),
        Plan(served.version_with([kept]), (*whole, kept), withheld=frozenset({"kept"})),
        Plan(served.version_with([kept]), (whole[0], kept), withheld=frozenset({"kept"})),
    ]
    for variant in Variant:
        for plan in plans * 2:
            if plan.removed and variant is not Variant.DELTA:
                continue
            answer = decode(variant, encode(variant, CLUSTER, plan, served).data)
            assert answer.version == plan.version
            assert list(answer.resources) == [each.name for each in plan.resources]
            assert answer.removed == plan.removed


def test_streams_of_both_variants_are_served_from_one_cache():
    cache = Cache()
    cache.set("audience", {CLUSTER: resources(CLUSTER, "a", "b")})
    talks = [Conversation(variant, cache=cache) for variant in (*Variant, *Variant)]
    for talk in talks:
        talk.ask(CLUSTER) if talk.variant is not Variant.DELTA else talk.change(CLUSTER)
    assert [talk.answer().resources for talk in talks] == [{"a": "1", "b": "1"}] * 4


def test_streams_that_want_other_names_get_their_own():
    cache = Cache()
    cache.set(KEY, {CLUSTER_LOAD_ASSIGNMENT: resources(CLUSTER_LOAD_ASSIGNMENT, "a", "b")})
    talks = [Conversation(Variant.DELTA, cache=cache) for _ in "ab"]
    for talk, name in zip(talks, "ab", strict=True):
        talk.change(CLUSTER_LOAD_ASSIGNMENT, [name])
        talk.answers()
    cache.set(KEY, {CLUSTER_LOAD_ASSIGNMENT: resources(CLUSTER_LOAD_ASSIGNMENT, "a@2", "b@2")})
    assert [talk.answer().resources for talk in talks] == [{"a": "2"}, {"b": "2"}]


def test_a_complete_set_by_name_is_not_that_of_a_stream_that_names_more():
    cache = Cache()
    cache.set(KEY, {CLUSTER: resources(CLUSTER, "a", "b")})
    talks = [Conversation(Variant.STATE_OF_THE_WORLD, cache=cache) for _ in range(2)]
    talks[0].ask(CLUSTER, "a")
    talks[1].ask(CLUSTER, "a", "b")
    for talk in talks:
        talk.answers()
    cache.set(KEY, {CLUSTER: resources(CLUSTER, "a@2", "b")})
    assert [talk.answer().resources for talk in talks] == [{"a": "2"}, {"a": "2", "b": "1"}]


def test_a_stream_that_may_not_remove_yet_takes_no_plan_that_removes():
    cache = Cache()
    endpoints = resources(CLUSTER_LOAD_ASSIGNMENT, "a", "b")
    cache.set(KEY, {CLUSTER_LOAD_ASSIGNMENT: endpoints, LISTENER: resources(LISTENER, "l")})
    free, bound = (Conversation(Variant.DELTA, cache=cache) for _ in range(2))
    for talk in (free, bound):
        talk.change(CLUSTER_LOAD_ASSIGNMENT, ["a", "b"])
    bound.change(LISTENER)
    free.answers(), bound.answers()
    changed = resources(CLUSTER_LOAD_ASSIGNMENT, "a@2")
    cache.update(
        KEY,
        {CLUSTER_LOAD_ASSIGNMENT: (changed, ["b"]), LISTENER: (resources(LISTENER, "l@2"), [])},
    )
    assert free.answer().removed == ("b",)
    changes, listeners = bound.answers()
    assert (changes.resources, changes.removed) == ({"a": "2"}, ())
    assert listeners.resources == {"l": "2"}
    bound.now = 1.0
    assert bound.answer().removed == ("b",)


@pytest.mark.parametrize("who_looks_first", [0, 1])
def test_an_alias_goes_back_to_who_claimed_it_before(who_looks_first: int):
    cache = Cache()
    cache.set(KEY, {SECRET: [resource(SECRET, "r", aliases=["x"])]})
    talks = [Conversation(Variant.DELTA, cache=cache) for _ in range(2)]
    talks[0].change(SECRET, ["x"])
    talks[1].change(SECRET, ["x", "r"])
    for talk in talks:
        assert talk.answer().resources == {"r": "1"}
    cache.update(KEY, {SECRET: ([resource(SECRET, "s", aliases=["x"])], [])})
    cache.update(KEY, {SECRET: ([], ["s"])})
    for talk in (talks[who_looks_first], talks[1 - who_looks_first]):
        assert talk.answers() == []


def test_what_has_been_sent_is_not_kept_for_others():
    cache = Cache()
    cache.set(KEY, {CLUSTER: resources(CLUSTER, *(f"c{number}@old" for number in range(100)))})
    talk = Conversation(Variant.DELTA, cache=cache)
    talk.change(CLUSTER)
    talk.answers()
    cache.set(KEY, {CLUSTER: resources(CLUSTER, *(f"c{number}@new" for number in range(100)))})
    talk.change(CLUSTER, nonce=talk.answer().nonce)
    old = [
        each for each in gc.get_objects() if isinstance(each, Resource) and each.version == "old"
    ]
    assert len(old) <= 1  # The last change's.


def test_names_that_a_client_invents_are_not_kept():
    cache = Cache()
    cache.set(KEY, {CLUSTER_LOAD_ASSIGNMENT: resources(CLUSTER_LOAD_ASSIGNMENT, "a")})
    tables = cache.tables(KEY)
    assert tables is not None
    talk = Conversation(Variant.DELTA, cache=cache)
    talk.change(CLUSTER_LOAD_ASSIGNMENT, ["a", "invented"])
    assert talk.answer().removed == ("invented",)
    assert not tables[CLUSTER_LOAD_ASSIGNMENT]._shared
