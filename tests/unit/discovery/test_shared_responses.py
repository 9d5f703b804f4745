from straightway.discovery import CLUSTER, Cache, Variant
from straightway.discovery.response import Plan, encode
from straightway.discovery.table import Table
from tests.support.conversation import Conversation, decode, resource, resources


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
    cache.update("audience", {CLUSTER: (resources(CLUSTER, "a@2"), [])})
    tables = cache.tables("audience")
    assert tables is not None
    sotw, delta, *others = [talk.session.next(tables, 0.0) for talk in talks]
    assert sotw is not None
    assert delta is not None
    assert [other.plan for other in others if other] == [sotw.plan, delta.plan]
    assert [other.data for other in others if other] == [sotw.data, delta.data]


def test_what_differs_is_not_shared():
    served = table("a", "b")
    whole = tuple(served.resources.values())
    kept = resource(CLUSTER, "kept")
    plans = [
        Plan(served.version, whole),
        Plan(served.version, whole, removed=("gone",)),
        Plan(served.version, whole[:1]),
        Plan(served.version, whole[1:]),
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
