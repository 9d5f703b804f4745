"""The file of last good versions: what is written is read, whatever happened to the file."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from straightway.documents import Reference
from straightway.intake import Place, Slot
from straightway.state.journal import Journal, JournalError, encode

ONE, TWO = Place("folder", "one.yaml"), Place("folder", "two\tthree\n.yaml")
SLOT = Slot(Reference("", "Service", "default", "web"), 0)


def version(port: object) -> tuple[tuple[Slot, dict[str, object]], ...]:
    return ((SLOT, {"kind": "Service", "port": port}),)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "last-good.journal"


def held(path: Path) -> dict[Place, bytes]:
    return Journal(path).load()


def test_a_file_that_is_not_there_holds_nothing_and_wants_to_be_written(path):
    journal = Journal(path)

    assert journal.load() == {}
    assert journal.wants_rewriting


def test_what_is_written_is_read(path):
    journal = Journal(path)
    journal.rewrite([(ONE, version(1)), (TWO, version("a\tb\nc"))])
    journal.append([(ONE, version(2))])

    assert held(path) == {ONE: encode(version(2))[0], TWO: encode(version("a\tb\nc"))[0]}
    assert not journal.wants_rewriting


def test_a_bundle_without_versions_is_forgotten(path):
    journal = Journal(path)
    journal.rewrite([(ONE, version(1)), (TWO, version(1))])
    journal.append([(ONE, ())])

    assert list(held(path)) == [TWO]


def test_what_did_not_change_is_not_written_again(path):
    Journal(path).rewrite([(ONE, version(1))])
    size = path.stat().st_size
    journal = Journal(path)
    journal.load()

    journal.append([(ONE, version(1)), (TWO, ())])

    assert path.stat().st_size == size


def test_versions_of_an_earlier_run_are_written_as_they_are(path):
    Journal(path).rewrite([(ONE, encode(version(1))[0])])

    assert held(path) == {ONE: encode(version(1))[0]}


def test_a_line_cut_off_in_the_middle_costs_that_line_alone(path):
    journal = Journal(path)
    journal.rewrite([(ONE, version(1))])
    journal.append([(TWO, version(2))])
    os.truncate(path, path.stat().st_size - 5)

    damaged = Journal(path)

    assert list(damaged.load()) == [ONE]
    assert damaged.wants_rewriting


def test_a_damaged_line_costs_that_line_alone(path):
    Journal(path).rewrite([(ONE, version(111)), (TWO, version(2))])
    path.write_bytes(path.read_bytes().replace(b"111", b"112"))

    damaged = Journal(path)

    assert list(damaged.load()) == [TWO]
    assert damaged.wants_rewriting


@pytest.mark.parametrize("content", [b"", b"straightway last-good 2\n", b"\0" * 100])
def test_a_file_of_another_version_is_said_to_be_one(path, content):
    path.write_bytes(content)
    journal = Journal(path)

    with pytest.raises(JournalError, match="another version"):
        journal.load()
    assert journal.wants_rewriting


def test_a_file_far_too_large_is_not_read(path):
    with path.open("wb") as file:
        file.truncate(10 * 2**20)

    with pytest.raises(JournalError, match="large"):
        Journal(path, max_size=1000).load()


def test_what_is_too_much_is_left_out_and_counted(path):
    journal = Journal(path, max_size=200)

    journal.rewrite([(ONE, version(1)), (TWO, version("x" * 200))])

    assert list(held(path)) == [ONE]
    assert journal.left_out == 1


def test_a_version_that_became_too_large_does_not_leave_the_old_one(path):
    journal = Journal(path, max_size=200)
    journal.rewrite([(ONE, version(1))])

    journal.append([(ONE, version("x" * 200))])

    assert held(path) == {}


def test_what_is_no_json_is_left_out_alone_and_counted(path):
    other = Slot(SLOT.reference, 1)
    journal = Journal(path)

    journal.rewrite([(ONE, (*version("\ud800"), (other, {"fine": True})))])

    assert held(path) == {ONE: encode([(other, {"fine": True})])[0]}
    assert journal.left_out == 1


def test_it_wants_rewriting_when_most_of_it_is_stale(path):
    journal = Journal(path)
    journal.rewrite([(ONE, version(1))])
    appended = 0
    while not journal.wants_rewriting:
        journal.append([(ONE, version(f"{appended}" * 50_000))])
        appended += 1
    last = held(path)

    journal.rewrite([(ONE, version(f"{appended - 1}" * 50_000))])

    assert appended > 10
    assert held(path) == last
    assert not journal.wants_rewriting


def test_nobody_else_may_read_it(path):
    os.umask(0o000)
    try:
        Journal(path).rewrite([(ONE, version(1))])
    finally:
        os.umask(0o022)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_rewriting_that_fails_leaves_the_file_as_it_was(path):
    Journal(path).rewrite([(ONE, version(1))])
    before = path.read_bytes()

    def failing():
        yield TWO, version(2)
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011
        Journal(path).rewrite(failing())

    assert path.read_bytes() == before


bodies = st.dictionaries(
    st.text(max_size=3),
    st.one_of(st.none(), st.integers(), st.text(max_size=5), st.lists(st.booleans(), max_size=2)),
    max_size=3,
)
records = st.tuples(
    st.builds(Place, st.sampled_from(["folder", "cluster"]), st.text(max_size=3)),
    st.one_of(st.just(()), st.tuples(st.tuples(st.just(SLOT), bodies))),
)


@given(st.lists(st.tuples(st.booleans(), st.lists(records, max_size=3)), max_size=6))
@settings(deadline=None)
def test_any_writings_add_up_to_what_was_written_last(tmp_path_factory, steps):
    path = tmp_path_factory.mktemp("state") / "journal"
    journal = Journal(path)
    last: dict[Place, Any] = {}
    for reopens, step in steps:
        if reopens:
            journal = Journal(path)
            journal.load()
        last |= dict(step)
        if journal.wants_rewriting:
            journal.rewrite(list(last.items()))
        else:
            journal.append(step)

    expected = {place: encode(versions)[0] for place, versions in last.items()}
    assert held(path) == {place: encoded for place, encoded in expected.items() if encoded}


@given(st.binary(max_size=60), st.integers(0, 200), st.integers(0, 10))
@settings(deadline=None)
def test_no_damage_makes_it_raise_anything_else(tmp_path_factory, garbage, at, cut):
    path = tmp_path_factory.mktemp("state") / "journal"
    Journal(path).rewrite([(ONE, version(1)), (TWO, version(2))])
    content = path.read_bytes()
    path.write_bytes(content[:at] + garbage + content[at + cut :])

    try:
        found = held(path)
    except JournalError:
        return
    whole = {ONE: encode(version(1))[0], TWO: encode(version(2))[0]}
    assert found.items() <= whole.items()
