"""What counts does not depend on the order of arrival."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from straightway.api import DestinationRule
from straightway.documents import Bundle
from straightway.intake.claims import created_at
from tests.support.configs import bundle, istio, joined
from tests.support.intake import Served

OLD, NEW = "2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z"


def rule(host: str, created: str | None = None, name: str = "web") -> str:
    text = istio("DestinationRule", name, f"host: {host}")
    return (
        text.replace("metadata:", f"metadata:\n  creationTimestamp: '{created}'")
        if created
        else text
    )


BROKEN = istio("DestinationRule", "web", "hosts: [web]")


def host(served: Served) -> str | None:
    """The host of the one DestinationRule in force."""
    for item in served.objects.values():
        assert isinstance(item, DestinationRule)
        return item.spec.host
    return None


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_older_object_counts(order):
    files = [bundle(rule("young", NEW), "a.yaml"), bundle(rule("old", OLD), "b.yaml")]
    served = Served()

    for index in order:
        served.apply(files[index])

    assert host(served) == "old"
    (problem,) = served.standing
    assert problem.origin.startswith("a.yaml")


def test_one_without_a_timestamp_is_younger_than_any_with(served):
    served.apply(bundle(rule("undated"), "a.yaml"), bundle(rule("dated", NEW), "b.yaml"))

    assert host(served) == "dated"


def test_of_equal_age_the_first_file_counts_then_the_first_in_it(served):
    served.apply(bundle(joined([rule("b1"), rule("b2")]), "b.yaml"))
    assert host(served) == "b1"

    served.apply(bundle(rule("a"), "a.yaml"))
    assert host(served) == "a"


def test_in_one_file_the_older_counts_too(served):
    served.apply(bundle(joined([rule("young", NEW), rule("old", OLD)])))

    assert host(served) == "old"


def test_age_counts_for_a_version_that_is_broken_as_well(served):
    served.apply(bundle(rule("old", OLD), "b.yaml"), bundle(rule("young", NEW), "a.yaml"))

    served.apply(bundle(rule("old", OLD).replace("host:", "hosts:"), "b.yaml"))

    assert host(served) == "old"


def test_a_good_version_elsewhere_does_not_pass_for_the_last_good_one_of_a_broken_object(served):
    served.apply(bundle(rule("first"), "b.yaml"), bundle(BROKEN, "a.yaml"))
    served.apply(bundle(rule("second"), "b.yaml"))

    assert host(served) == "second"


def test_in_one_file_a_broken_object_does_not_freeze_the_second_of_its_name(served):
    served.apply(bundle(joined([BROKEN, rule("first")])))
    served.apply(bundle(joined([BROKEN, rule("second")])))

    assert host(served) == "second"


def test_two_sources_may_use_one_key(served):
    served.apply(bundle(rule("folder"), "a"), source="folder")
    served.apply(bundle(rule("cluster", name="other"), "a"), source="kubernetes")
    served.apply(Bundle("a"), source="kubernetes")

    assert host(served) == "folder"


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("2024-01-01T00:00:00Z", 1704067200),
        ("2024-01-01T02:00:00+02:00", 1704067200),
        ("2024-01-01T00:00:00.5Z", 1704067200.5),
        ("2024-01-01T00:00:00", 1704067200),
        (datetime(2024, 1, 1, tzinfo=UTC), 1704067200),
        ("yesterday", math.inf),
        ("0001-01-01T00:00:00+14:00", -62135647200),
        ("", math.inf),
        (None, math.inf),
        (7, math.inf),
    ],
)
def test_when_an_object_was_created(written, seconds):
    assert created_at({"metadata": {"creationTimestamp": written}}) == seconds


@pytest.mark.parametrize("body", [None, [], {}, {"metadata": None}, {"metadata": []}])
def test_an_object_that_does_not_say_when_is_the_youngest(body):
    assert created_at(body) == math.inf


GOOD = st.builds(
    rule,
    st.sampled_from(["one", "two", "three"]),
    st.sampled_from([None, OLD, NEW, "2024-01-01T01:00:00+01:00"]),
    st.sampled_from(["web", "api"]),
)
BAD = st.sampled_from([BROKEN, istio("DestinationRule", "api", "{}"), "a: b"])
KEYS = st.sampled_from(["a.yaml", "b.yaml", "c/a.yaml"])


def histories(documents, *, complete=st.just(True)):  # noqa: B008
    """Steps of bundles, in each of which a file may have none, one or several documents."""
    file = st.builds(
        lambda texts, key, whole: bundle(joined(texts), key, complete=whole),
        st.lists(documents, max_size=3),
        KEYS,
        complete,
    )
    return st.lists(st.lists(file, max_size=3, unique_by=lambda each: each.key), max_size=5)


def last_of(history: list[list[Bundle]]) -> list[Bundle]:
    """What each file held last, in the order of the files."""
    last = {each.key: each for step in history for each in step}
    return [last[key] for key in sorted(last)]


@given(histories(GOOD))
def test_the_same_files_give_the_same_objects_whatever_was_before(history):
    served, fresh = Served(), Served()

    for step in history:
        served.apply(*step)
    fresh.apply(*last_of(history))

    assert served.objects == fresh.objects
    assert served.standing == fresh.standing


@given(histories(GOOD | BAD, complete=st.booleans()))
def test_a_replica_that_starts_with_the_state_of_another_agrees_with_it(history):
    served = Served()
    for step in history:
        served.apply(*step)

    replica = served.restarted(*last_of(history))

    assert replica.objects == served.objects
    assert replica.versions == served.versions


@given(histories(GOOD | BAD, complete=st.booleans()))
def test_what_is_in_force_never_depends_on_the_order_inside_a_step(history):
    served, other = Served(), Served()

    for step in history:
        served.apply(*step)
        other.apply(*reversed(step))

    assert served.objects == other.objects
    assert served.standing == other.standing
