import gc

from hypothesis import given
from hypothesis import strategies as st

from straightway.discovery import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, SECRET, Resource
from straightway.discovery.table import Change, Table
from tests.support.conversation import delta, resource, resources


def names_after(change: Change) -> list[str]:
    return [later.name for later in change.later()]


def test_a_reader_learns_what_changed_since_it_looked_and_from_what():
    table = Table()
    a, b = resources(CLUSTER, "a", "b")
    table.update([a, b], [])
    seen = table.last_change
    table.update(resources(CLUSTER, "b@2", "c"), ["a"])

    changes = [(change.name, change.before) for change in seen.later()]
    assert changes == [("a", a), ("b", b), ("c", None)]
    assert names_after(table.last_change) == []


def test_replacing_changes_only_what_differs():
    table = Table()
    table.replace({each.name: each for each in resources(CLUSTER, "a", "b", "c")})
    seen = table.last_change

    changed = table.replace({each.name: each for each in resources(CLUSTER, "a", "b@2", "d")})

    assert changed
    assert sorted(names_after(seen)) == ["b", "c", "d"]


def test_the_content_that_a_table_begins_with_is_no_change():
    a, b = resources(CLUSTER, "a", "b")
    table = Table([a, resource(CLUSTER, "b", "before"), b])
    grown = Table()
    grown.update([b, a], [])

    assert table.resources == {"a": a, "b": b}
    assert table.version == grown.version
    assert names_after(table.last_change) == []
    assert table.last_change.serial == 0


def test_a_table_begins_with_the_aliases_and_lifetimes_of_its_content():
    lasting, passing = resource(SECRET, "a", aliases=["x"]), resource(SECRET, "b", ttl=1.0)
    table = Table([lasting, passing])

    assert table.find("x") is lasting
    assert table.expiring == {"b": passing}


def test_changes_that_every_reader_has_seen_are_gone():
    table = Table()
    for version in range(10):
        table.update([resource(CLUSTER, "seen by all", str(version))], [])
    left = [
        each for each in gc.get_objects() if isinstance(each, Change) and each.name == "seen by all"
    ]
    assert left == [table.last_change]


def test_changes_that_do_not_concern_a_client_are_not_kept_for_it():
    talk = delta()
    talk.serve(CLUSTER_LOAD_ASSIGNMENT, "mine", "of others")
    talk.change(CLUSTER_LOAD_ASSIGNMENT, ["mine"])
    talk.answers()
    for version in range(10):
        talk.serve(CLUSTER_LOAD_ASSIGNMENT, "mine", f"of others@v{version}")
        assert talk.answers() == []
    left = [
        each for each in gc.get_objects() if isinstance(each, Change) and each.name == "of others"
    ]
    assert len(left) == 1


def test_a_reader_that_lets_go_of_very_many_changes_at_once_does_no_harm():
    table = Table()
    seen = table.last_change
    a, b = resource(CLUSTER, "a", "1"), resource(CLUSTER, "a", "2")
    for _ in range(100_000):
        table.update([a], [])
        table.update([b], [])
    seen = table.last_change
    assert names_after(seen) == []


@given(
    st.lists(st.dictionaries(st.sampled_from("abcd"), st.sampled_from("123")), max_size=8),
    st.integers(min_value=0, max_value=8),
)
def test_undoing_the_changes_gives_what_the_reader_saw(
    contents: list[dict[str, str]], looked_at: int
):
    table = Table()
    seen, saw = table.last_change, dict(table.resources)
    for index, content in enumerate(contents):
        if index == looked_at:
            seen, saw = table.last_change, dict(table.resources)
        table.replace({name: resource(CLUSTER, name, version) for name, version in content.items()})

    undone: dict[str, Resource | None] = dict(table.resources)
    undone.update({change.name: change.before for change in reversed(list(seen.later()))})
    assert {name: each for name, each in undone.items() if each is not None} == saw


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

    def make() -> bytes:
        made.append(1)
        return b""

    for key in range(100):
        table.shared(key, make)
    table.shared(0, make)
    assert len(made) == 101


def test_what_a_client_that_holds_everything_says_follows_every_change():
    table = Table(resources(CLUSTER, "a", "b"))
    before = table.held
    assert table.held is before

    table.update(resources(CLUSTER, "a@2"), ["b"])

    assert table.held == Table(resources(CLUSTER, "a@2")).held != before
