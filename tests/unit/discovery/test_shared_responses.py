from straightway.discovery import CLUSTER, Cache, Variant
from straightway.discovery.response import Plan, encode
from straightway.discovery.table import Table
from tests.support.conversation import Conversation, decode, resource, resources


def table(*texts: str) -> Table:
    made = Table()
    made.update(resources(CLUSTER, *texts), [])
    return made


def test_streams_that_need_the_same_share_all_but_the_nonce():
    served = table("a", "b")
    plan = Plan(served.version, tuple(served.resources.values()))
    first = encode(Variant.DELTA, CLUSTER, plan, "1", served)
    second = encode(Variant.DELTA, CLUSTER, plan, "2", served)

    assert decode(Variant.DELTA, first).nonce == "1"
    assert decode(Variant.DELTA, second).nonce == "2"
    assert first[:-1] == second[:-1]


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
            answer = decode(variant, encode(variant, CLUSTER, plan, "n", served))
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
