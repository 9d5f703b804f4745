from hypothesis import given
from hypothesis import strategies as st

from straightway.discovery import CLUSTER
from straightway.discovery.table import Table
from tests.support.conversation import resource, resources


def test_a_reader_learns_the_names_changed_since_it_looked():
    table = Table()
    table.update(resources(CLUSTER, "a", "b"), [])
    seen = table.sequence
    table.update(resources(CLUSTER, "b@2", "c"), ["a"])

    assert table.changed_since(seen) == {"a", "b", "c"}
    assert table.changed_since(table.sequence) == set()
    assert table.changed_since(0) == {"a", "b", "c"}


def test_a_reader_from_too_long_ago_is_told_to_compare_everything():
    table = Table()
    for version in range(5000):
        table.update([resource(CLUSTER, "a", str(version))], [])

    assert table.changed_since(0) is None
    assert table.changed_since(table.sequence - 100) == {"a"}


def test_replacing_changes_only_what_differs():
    table = Table()
    table.replace({each.name: each for each in resources(CLUSTER, "a", "b", "c")})
    seen = table.sequence

    changed = table.replace({each.name: each for each in resources(CLUSTER, "a", "b@2", "d")})

    assert changed
    assert table.changed_since(seen) == {"b", "c", "d"}


@given(
    st.lists(st.dictionaries(st.sampled_from("abcd"), st.sampled_from("123")), max_size=8),
    st.integers(min_value=0, max_value=8),
)
def test_the_log_never_misses_a_difference(contents: list[dict[str, str]], looked_at: int):
    table = Table()
    seen, held = 0, dict(table.resources)
    for index, content in enumerate(contents):
        if index == looked_at:
            seen, held = table.sequence, dict(table.resources)
        table.replace({name: resource(CLUSTER, name, version) for name, version in content.items()})

    names = held.keys() | table.resources.keys()
    different = {name for name in names if held.get(name) is not table.resources.get(name)}
    changed = table.changed_since(seen)
    assert changed is not None
    assert different <= changed


def test_shared_bytes_are_made_once_until_the_next_change():
    table = Table()
    made: list[int] = []

    def make() -> bytes:
        made.append(1)
        return b"bytes"

    assert table.shared("k", make) is table.shared("k", make)
    table.update(resources(CLUSTER, "a"), [])
    table.shared("k", make)
    assert len(made) == 2


def test_few_shared_bytes_are_kept():
    table = Table()
    made: list[int] = []
    for key in range(100):
        table.shared(key, lambda: made.append(1) or b"")
    table.shared(0, lambda: made.append(1) or b"")
    assert len(made) == 101
