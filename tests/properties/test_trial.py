"""The proof: a trial of an object reads as if the object had been put into the catalog."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from straightway.catalog import Trial
from straightway.checks import check, has_check
from straightway.units import Call, Units, value_in
from tests.support.interplay import versions
from tests.support.world import World

VERSIONS = versions()
START = st.fixed_dictionaries(
    {}, optional={each: st.sampled_from(some) for each, some in VERSIONS.items()}
)
ITEMS = [item for some in VERSIONS.values() for item in some if has_check(item)]
ITEM = st.sampled_from(ITEMS)


@settings(max_examples=150, deadline=None)
@given(START, ITEM)
def test_a_trial_finds_what_is_found_once_the_object_is_in_force(start, item):
    world = World()
    world.put(start)
    for reference, other in start.items():
        if has_check(other):
            world.units.hold(Call(check, (reference,)))
    kept = len(world.units)
    trial = Trial(world.catalog, item)
    found = value_in(trial, world.units, Call(check, (item.reference,)))
    assert len(world.units) == kept
    read = {key: _all_at(trial, key) for key in _keys_of(start, item)}

    world.put({item.reference: item})
    assert found == Units(world.catalog).get(Call(check, (item.reference,)))
    assert read == {key: _all_at(world.catalog, key) for key in read}


@settings(max_examples=50, deadline=None)
@given(START, ITEM)
def test_a_trial_leaves_the_catalog_as_it_is(start, item):
    world = World()
    world.put(start)
    keys = _keys_of(start, item)
    before = {key: _all_at(world.catalog, key) for key in keys}
    value_in(Trial(world.catalog, item), world.units, Call(check, (item.reference,)))
    assert before == {key: _all_at(world.catalog, key) for key in keys}
    assert world.catalog.object(item.reference) is start.get(item.reference)


def _keys_of(start, item):
    """The keys that change when all objects are put in, and then the one, but for workloads'."""
    world = World()
    keys = world.put(start) | world.put({item.reference: item})
    return {key for key in keys if isinstance(key, tuple) and key[0] != "labelled"}


def _all_at(catalog, key):
    if key[0] == "service":
        return catalog.service(key[1])
    return (
        catalog.object(key) if hasattr(key, "kind") else None,
        catalog.objects_at(key),
        catalog.hostnames_at(key),
        catalog.values_at(key),
    )
