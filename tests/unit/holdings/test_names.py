"""From a runtime's models to the values of a key, whatever the runtime says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from straightway.holdings.answers import Model, ModelState
from straightway.holdings.names import (
    MOST_BYTES,
    MOST_VALUES,
    LeftOut,
    Naming,
    listing,
    why_not_ready,
)
from straightway.holdings.pools import Versions

READY, LOADING, UNAVAILABLE = ModelState.READY, ModelState.LOADING, ModelState.UNAVAILABLE
ANY_TEXT = st.text(st.characters(), max_size=6)  # Halves of pairs included.
MODELS = st.lists(
    st.builds(
        Model,
        st.sampled_from(["a", "b", "models/a", "models/", "x" * 600]) | ANY_TEXT,
        st.sampled_from(ModelState),
        st.sampled_from(["", "1", "2", "10", "v1", "9" * 5000]) | ANY_TEXT,
        reason=ANY_TEXT,
    ),
    max_size=8,
)
NAMINGS = st.builds(Naming, st.sampled_from(["", "models/"]), st.sampled_from(Versions))


def ready(*models: Model, versions: Versions = Versions.NONE, strip: str = "") -> list[str]:
    return list(listing(models, Naming(strip, versions)).ready)


def test_only_what_is_ready_counts_and_what_loads_is_known():
    found = listing([Model("a"), Model("b", LOADING), Model("c", UNAVAILABLE)], Naming())
    assert (found.ready, found.loading) == (("a",), ("b",))


def test_a_prefix_is_left_out_where_it_is():
    assert ready(Model("models/a"), Model("b"), strip="models/") == ["a", "b"]


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        (Versions.NONE, ["m"]),
        (Versions.LATEST, ["m"]),
        (Versions.ALL, ["m", "m/10", "m/9"]),
    ],
)
def test_ready_versions_are_values_as_the_setting_says(versions, expected):
    models = [Model("m", READY, "9"), Model("m", READY, "10"), Model("m", LOADING, "2")]
    assert ready(*models, versions=versions) == expected


@pytest.mark.parametrize(
    ("older", "newest"), [("9", "10"), ("1.9", "1.10"), ("", "1"), ("1", "v1"), ("v2", "v10")]
)
def test_latest_means_the_greatest_number_and_only_if_that_is_ready(older, newest):
    for state, expected in ((READY, ["m"]), (LOADING, []), (UNAVAILABLE, [])):
        models = [Model("m", state, newest), Model("m", READY, older)]
        assert ready(*models, versions=Versions.LATEST) == expected
        assert ready(*reversed(models), versions=Versions.LATEST) == expected


def test_what_loads_in_another_version_is_not_loading_while_one_is_ready():
    models = [Model("m", READY, "1"), Model("m", LOADING, "2")]
    assert listing(models, Naming()).loading == ()
    assert listing(models, Naming(versions=Versions.LATEST)).loading == ("m",)


@pytest.mark.parametrize(
    ("name", "left_out"),
    [
        ("x" * (MOST_BYTES + 1), LeftOut(too_long=1)),
        ("ä" * (MOST_BYTES // 2 + 1), LeftOut(too_long=1)),
        ("a\nb", LeftOut(no_text=1)),
        ("a\x85b", LeftOut(no_text=1)),
        ("\ud800", LeftOut(no_text=1)),
        ("", LeftOut(no_text=1)),
    ],
)
def test_what_cannot_be_a_value_is_left_out_and_counted(name, left_out):
    found = listing([Model(name), Model("fine")], Naming())
    assert (found.ready, found.left_out) == (("fine",), left_out)


def test_a_name_that_is_only_the_prefix_is_left_out():
    assert listing([Model("models/")], Naming("models/")).left_out == LeftOut(no_text=1)


def test_the_longest_name_is_a_value():
    assert ready(Model("ä" * (MOST_BYTES // 2))) == ["ä" * (MOST_BYTES // 2)]


def test_a_runtime_has_a_bounded_number_of_values_whatever_their_order():
    models = [Model(f"m{number:06}") for number in range(MOST_VALUES + 3)]
    forth, back = listing(models, Naming()), listing(reversed(models), Naming())
    assert forth == back
    assert len(forth.ready) == MOST_VALUES
    assert str(forth.left_out) == "3 beyond 10,000"


def test_runtimes_share_the_texts_of_equal_names():
    one, other = (ready(Model(f"shared-{name}"))[0] for name in ("x" * 30, "x" * 30))
    assert one is other


def test_why_a_value_is_not_ready_is_said_in_the_runtimes_words():
    models = [Model("a", LOADING, "3"), Model("b", UNAVAILABLE, reason="out of memory")]
    assert why_not_ready(models, Naming(), ["a", "b", "c"]) == {
        "a": "version 3 loads",
        "b": "it is unavailable: out of memory",
        "c": "it is no longer listed",
    }


@given(MODELS, NAMINGS)
def test_whatever_is_listed_the_values_can_be_sent(models, naming):
    found = listing(models, naming)
    for value in found.ready + found.loading:
        assert 0 < len(value.encode()) <= MOST_BYTES
        assert not any(ord(each) < 32 or 127 <= ord(each) < 160 for each in value)
    assert list(found.ready) == sorted(set(found.ready))
    assert set(found.ready).isdisjoint(found.loading)


@given(st.data(), NAMINGS)
def test_the_order_of_models_never_matters(data, naming):
    models = data.draw(MODELS)
    assert listing(data.draw(st.permutations(models)), naming) == listing(models, naming)


@given(MODELS, NAMINGS)
def test_every_value_comes_from_a_ready_model(models, naming):
    names = {each.name.removeprefix(naming.strip) for each in models if each.state is READY}
    for value in listing(models, naming).ready:
        assert value in names or any(value.startswith(f"{name}/") for name in names)


@given(MODELS)
def test_all_versions_hold_whatever_the_other_settings_hold(models):
    found = {versions: set(ready(*models, versions=versions)) for versions in Versions}
    assert found[Versions.LATEST] <= found[Versions.NONE] <= found[Versions.ALL]


@given(MODELS, NAMINGS)
def test_there_is_a_reason_for_every_value_that_is_not_ready(models, naming):
    values = [each.name for each in models]
    reasons = why_not_ready(models, naming, values)
    assert set(reasons) == set(values)
    assert all(reasons.values())
