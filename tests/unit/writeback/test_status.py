"""What an object has, what it should have, and the patch in between."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from straightway.documents import Reference
from straightway.writeback.conditions import Condition, Verdict, dated, says
from straightway.writeback.desired import ACCEPTED, PROGRAMMED, RESOLVED_REFS, Desired
from straightway.writeback.facts import Address
from straightway.writeback.status import Known, is_satisfied, known, nothing_of_ours, patch

RULE = Reference("networking.istio.io", "DestinationRule", "shop", "web")
V1 = "networking.istio.io/v1"
FULL = {"as_text": True, "with_messages": True, "with_addresses": True}

verdicts = st.sampled_from(Verdict)
conditions = st.builds(
    Condition,
    type=st.sampled_from([ACCEPTED, RESOLVED_REFS]),
    verdict=verdicts,
    reason=st.sampled_from(["One", "Other"]),
    message=st.text(max_size=5),
    generation=st.integers(1, 3),
)


def body_with(status, manager="straightway", *, has_list=False):
    owned: dict[str, object] = {} if has_list else {'k:{"type":"Accepted"}': {}}
    return {
        "metadata": {
            "uid": "u",
            "resourceVersion": "7",
            "managedFields": [
                {"manager": manager, "fieldsV1": {"f:status": {"f:conditions": owned}}}
            ],
        },
        "status": status,
    }


@given(st.lists(st.tuples(conditions, st.booleans()), max_size=6))
def test_the_time_of_a_condition_moves_with_its_status_alone(history):
    raw = None
    for number, (condition, as_text) in enumerate(history):
        now = f"2026-01-01T00:00:0{number}Z"
        after = dated(condition, raw, now, as_text=as_text)
        assert says(after, condition)
        if raw is not None and raw["status"] == after["status"]:
            assert after["lastTransitionTime"] == raw["lastTransitionTime"]
        else:
            assert after["lastTransitionTime"] == now
        raw = after


@given(
    st.lists(conditions, unique_by=lambda each: each.type, max_size=2),
    st.integers(1, 9),
    st.booleans(),
    st.sampled_from([None, (), (Address("IPAddress", "10.0.0.1"),)]),
)
def test_what_is_patched_satisfies(wanted, generation, has_list, addresses):
    status = Desired(generation, tuple(wanted), addresses=addresses)
    body = patch(RULE, V1, Known(has_list=has_list), status, "2026-01-01T00:00:00Z", **FULL)
    has = known({**body, "metadata": {}}, "straightway")
    assert is_satisfied(has, status, with_messages=True, with_addresses=True)


def test_a_status_is_not_satisfied_by_one_of_another_generation_or_with_more():
    status = Desired(2, (Condition(ACCEPTED, Verdict.TRUE, "Accepted", "In force.", 2),))
    body = patch(RULE, V1, Known(), status, "2026-01-01T00:00:00Z", **FULL)
    has = known({**body, "metadata": {}}, "straightway")
    newer = Desired(3, status.conditions)
    fewer = Desired(2, ())
    kept = Desired(2, (), kept=frozenset({ACCEPTED}))
    for other, is_enough in ((status, True), (newer, False), (fewer, False), (kept, True)):
        assert is_satisfied(has, other, with_messages=True, with_addresses=True) is is_enough


def test_a_condition_that_still_holds_is_repeated_as_it_is():
    before = {
        "type": PROGRAMMED,
        "status": "True",
        "reason": "Programmed",
        "message": "3 of 3 proxies at the leader have it.",
        "lastTransitionTime": "2025-01-01T00:00:00Z",
        "observedGeneration": "4",
    }
    has = known(body_with({"conditions": [before]}), "straightway")
    status = Desired(5, (), kept=frozenset({PROGRAMMED}))
    body = patch(RULE, V1, has, status, "2026-01-01T00:00:00Z", **FULL)
    assert body["status"]["conditions"] == [before]


def test_conditions_of_others_are_repeated_only_where_the_schema_does_not_merge_them():
    theirs = {"type": "Reconciled", "status": "True"}
    status = Desired(1, (Condition(ACCEPTED, Verdict.TRUE, "Accepted", "", 1),))
    for has_list, types in ((False, ["Accepted"]), (True, ["Accepted", "Reconciled"])):
        has = known(body_with({"conditions": [theirs]}, "istiod", has_list=has_list), "straightway")
        assert has.has_list is has_list
        assert not has.is_ours
        body = patch(RULE, V1, has, status, "2026-01-01T00:00:00Z", **FULL)
        assert [each["type"] for each in body["status"]["conditions"]] == types


def test_generations_are_text_or_numbers_as_the_schema_wants():
    status = Desired(1, (Condition(ACCEPTED, Verdict.TRUE, "Accepted", "", 1),))
    for as_text, generation in ((True, "1"), (False, 1)):
        form = {**FULL, "as_text": as_text}
        body = patch(RULE, V1, Known(), status, "2026-01-01T00:00:00Z", **form)
        assert body["status"]["observedGeneration"] == generation
        assert body["status"]["conditions"][0]["observedGeneration"] == generation


def test_addresses_stay_until_others_are_known():
    has = Known(addresses=(Address("IPAddress", "10.0.0.1"),))
    for addresses, written in ((None, ["10.0.0.1"]), ((), []), ((Address("a", "b"),), ["b"])):
        status = Desired(1, (), addresses=addresses)
        body = patch(RULE, V1, has, status, "2026-01-01T00:00:00Z", **FULL)
        found = body["status"].get("addresses", [])
        assert [each["value"] for each in found] == written


def test_a_malformed_status_of_others_is_read_as_nothing():
    for status in (None, {}, {"conditions": "?"}, {"conditions": [7, {"type": 3}]}):
        assert known({"metadata": {}, "status": status}, "straightway").conditions == {}


def test_taking_our_status_away_names_no_field():
    assert "status" not in nothing_of_ours(RULE, V1)
