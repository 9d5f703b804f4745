"""When what is seen of a file is believed. The time is virtual."""

import pytest

from straightway.documents import Bundle
from straightway.sources.settling import Settling
from straightway.sources.yaml_documents import Reading, read_documents

GRACE = 0.5
TWO = "a: 1\n---\nb: 2\n"


class Watched:
    """Files as they are seen from time to time."""

    def __init__(self, **files: str) -> None:
        self.settling = Settling(GRACE)
        self.now = 100.0
        self.settling.see(self._read(files), self.now, trusting=True)

    def see(self, *, after: float = 0.0, **files: str | None) -> list[Bundle]:
        self.now += after
        return list(self.settling.see(self._read(files), self.now))

    def _read(self, files: dict[str, str] | dict[str, str | None]) -> dict[str, Reading | None]:
        return {
            key: None
            if text is None
            else read_documents(key, key, text, self.settling.believed.get(key))
            for key, text in files.items()
        }


def bodies(bundle: Bundle) -> list[object]:
    return [document.body for document in bundle.documents]


def test_everything_is_believed_at_first() -> None:
    settling = Settling(GRACE)
    texts = {"broken": "a: '", "cut": "a: 1", "good": "a: 1\n", "blank": "", "comment": "# x\n"}
    seen = {key: read_documents(key, key, text) for key, text in texts.items()}
    bundles = settling.see(seen, 0.0, trusting=True)
    assert [bundle.key for bundle in bundles] == ["blank", "broken", "cut", "good"]
    assert settling.due is None


def test_a_changed_file_is_believed_at_once() -> None:
    watched = Watched(x=TWO)
    [bundle] = watched.see(x="a: 1\n---\nb: 9\n")
    assert bodies(bundle) == [{"a": 1}, {"b": 9}]


def test_an_added_document_is_believed_at_once() -> None:
    [bundle] = Watched(x=TWO).see(x=TWO + "---\nc: 3\n")
    assert bodies(bundle) == [{"a": 1}, {"b": 2}, {"c": 3}]


def test_a_new_file_is_believed_at_once() -> None:
    [bundle] = Watched().see(x="a: 1\n")
    assert bodies(bundle) == [{"a": 1}]


def test_a_file_that_did_not_change_says_nothing() -> None:
    watched = Watched(x=TWO, broken="a: '\n", cut="a: 1")
    assert watched.see(x=TWO, broken="a: '\n", cut="a: 1") == []
    assert watched.settling.due is None


@pytest.mark.parametrize(
    "seen", [None, "", " \n", "# comment\n", "a: 1\n", "a: 1\n---\nb: '\n", "a: 1\n---\nb: 2"]
)
def test_what_looks_half_written_is_doubted_for_the_grace_time(seen: str | None) -> None:
    watched = Watched(x=TWO)
    assert watched.see(x=seen) == []
    assert watched.settling.due == watched.now + GRACE
    assert watched.see(after=GRACE / 2, x=seen) == []
    watched.now += GRACE / 2
    assert watched.settling.due_at(watched.now) == {"x"}
    watched.see(x=seen)
    assert watched.settling.due is None


@pytest.mark.parametrize("seen", [None, "", "a: 1\n", "a: 1\n---\nb: 2", "a: 1\n---\nb: '\n"])
def test_a_file_that_is_whole_again_in_time_changes_nothing(seen: str | None) -> None:
    watched = Watched(x=TWO)
    assert watched.see(x=seen) == []
    assert watched.see(after=GRACE / 2, x=TWO) == []
    assert watched.settling.due is None
    assert watched.settling.see({}, watched.now + 9) == ()


def test_a_file_that_is_still_being_written_is_doubted_again() -> None:
    watched = Watched(x=TWO + "---\nc: 3\n")
    assert watched.see(x="a: 1\n") == []
    assert watched.see(after=GRACE, x=TWO) == []
    assert watched.settling.due == watched.now + GRACE
    [bundle] = watched.see(after=GRACE, x=TWO)
    assert bodies(bundle) == [{"a": 1}, {"b": 2}]


def test_a_file_that_stays_gone_is_gone() -> None:
    watched = Watched(x=TWO)
    watched.see(x=None)
    assert watched.see(after=GRACE, x=None) == [Bundle("x")]
    assert "x" not in watched.settling.believed


def test_documents_that_stay_gone_are_gone() -> None:
    watched = Watched(x=TWO)
    watched.see(x="b: 2\n")
    [bundle] = watched.see(after=GRACE, x="b: 2\n")
    assert (bodies(bundle), bundle.complete) == ([{"b": 2}], True)


def test_a_file_of_comments_alone_has_no_objects() -> None:
    watched = Watched(x=TWO)
    watched.see(x="# a: 1\n")
    assert watched.see(after=GRACE, x="# a: 1\n") == [Bundle("x")]


def test_a_file_that_stays_broken_is_incomplete_and_keeps_its_other_documents() -> None:
    watched = Watched(x=TWO)
    watched.see(x="a: 1\n---\nb: '\n")
    [bundle] = watched.see(after=GRACE, x="a: 1\n---\nb: '\n")
    assert (bodies(bundle), bundle.complete) == ([{"a": 1}], False)
    assert [problem.code for problem in bundle.problems] == ["yaml-syntax"]


@pytest.mark.parametrize(
    "text",
    ["", "\n \n", "---\n", "---", "null\n", "--- ~\n...\n", "%YAML 1.1\n---\n", "---\nnull\n---\n"],
)
def test_a_file_that_stays_without_content_keeps_its_objects_with_a_warning(text: str) -> None:
    watched = Watched(x=TWO)
    watched.see(x=text)
    [bundle] = watched.see(after=GRACE, x=text)
    assert (bundle.documents, bundle.complete) == ((), False)
    [problem] = bundle.problems
    assert (problem.code, problem.origin, problem.is_error) == ("empty-file", "x:1", False)
    assert watched.see(after=GRACE, x="\n") == []
    assert watched.settling.due is None


@pytest.mark.parametrize(
    "text",
    [
        "# none\n",
        "---\n# Source: chart/templates/x.yaml\n",
        "null # none\n",
        "kind: List\nitems: []\n",
    ],
)
def test_a_file_whose_author_says_that_it_holds_nothing_gives_up_its_objects(text: str) -> None:
    watched = Watched(x=TWO)
    watched.see(x=text)
    assert watched.see(after=GRACE, x=text) == [Bundle("x")]


def test_an_empty_file_keeps_what_a_broken_one_kept() -> None:
    watched = Watched(x=TWO)
    watched.see(x="a: '\n")
    watched.see(after=GRACE, x="a: '\n")
    watched.see(x="")
    [bundle] = watched.see(after=GRACE, x="")
    assert (bundle.documents, bundle.complete) == ((), False)


def test_an_empty_file_that_is_deleted_gives_up_its_objects() -> None:
    watched = Watched(x=TWO)
    watched.see(x="")
    watched.see(after=GRACE, x="")
    watched.see(x=None)
    assert watched.see(after=GRACE, x=None) == [Bundle("x")]


def test_a_new_file_that_stays_empty_is_reported_as_one_that_was_emptied() -> None:
    watched = Watched()
    assert watched.see(x="") == []
    [bundle] = watched.see(after=GRACE, x="")
    assert ([problem.code for problem in bundle.problems], bundle.complete) == (
        ["empty-file"],
        False,
    )
    watched.see(x=None)
    assert watched.see(after=GRACE, x=None) == [Bundle("x")]


def test_a_file_that_never_was_there_says_nothing_when_it_is_gone() -> None:
    watched = Watched()
    assert watched.see(x=None) == []
    assert watched.settling.due is None


def test_files_that_go_one_after_the_other_are_gone_together() -> None:
    watched = Watched(a="x: 1\n", b="x: 2\n", c="x: 3\n")
    for key in "abc":
        assert watched.see(after=GRACE / 2, **{key: None}) == []
        assert watched.settling.due == watched.now + GRACE
    assert watched.see(after=GRACE / 2, a=None, b=None) == []
    bundles = watched.see(after=GRACE / 2, a=None, b=None, c=None)
    assert bundles == [Bundle("a"), Bundle("b"), Bundle("c")]


def test_what_is_seen_to_be_gone_too_while_others_are_looked_at_again_goes_with_them() -> None:
    watched = Watched(a="x: 1\n", b="x: 2\n")
    watched.see(a=None)
    assert watched.see(after=GRACE, a=None, b=None) == []
    assert watched.see(after=GRACE, a=None, b=None) == [Bundle("a"), Bundle("b")]


def test_files_that_never_cease_to_go_are_not_waited_for_without_end() -> None:
    keys = [f"{number:02}" for number in range(40)]
    watched = Watched(**{key: f"x: {key}\n" for key in keys})
    gone: list[Bundle] = []
    steps = 0
    while not gone:
        steps += 1
        gone = watched.see(after=GRACE / 2, **dict.fromkeys(keys[:steps]))
    assert [bundle.key for bundle in gone] == keys[: len(gone)]
    assert 20 <= steps < len(keys)
    assert watched.settling.due is not None


def test_a_change_does_not_wait_for_files_that_are_gone() -> None:
    watched = Watched(a="x: 1\n", b=TWO)
    watched.see(b="a: 1\n")
    watched.see(after=GRACE / 2, a=None)
    [bundle] = watched.see(after=GRACE / 2, b="a: 1\n")
    assert (bundle.key, bodies(bundle)) == ("b", [{"a": 1}])


def test_a_new_file_that_is_not_whole_yet_is_doubted() -> None:
    watched = Watched()
    assert watched.see(x="a: 1\nb: tr") == []
    [bundle] = watched.see(after=0.01, x="a: 1\nb: true\n")
    assert bodies(bundle) == [{"a": 1, "b": True}]


def test_a_renamed_file_is_one_change_additions_first() -> None:
    watched = Watched(x=TWO)
    new, old = watched.see(x=None, a=TWO)
    assert (new.key, bodies(new)) == ("a", [{"a": 1}, {"b": 2}])
    assert old == Bundle("x")
    assert watched.settling.due is None


def test_a_rename_is_recognised_when_its_ends_are_seen_one_after_the_other() -> None:
    gone_first = Watched(x=TWO)
    assert gone_first.see(x=None) == []
    assert [bundle.key for bundle in gone_first.see(y=TWO)] == ["y", "x"]
    new_first = Watched(x=TWO)
    assert [bundle.key for bundle in new_first.see(y=TWO)] == ["y"]
    assert new_first.see(x=None) == [Bundle("x")]


def test_a_file_whose_documents_moved_into_others_counts_as_renamed() -> None:
    bundles = Watched(x=TWO).see(x=None, y="---\nb: 2\n", z="a: 1\n---\nc: 3\n")
    assert [bundle.key for bundle in bundles] == ["y", "z", "x"]


def test_a_file_that_is_renamed_and_changed_stays_for_the_grace_time() -> None:
    watched = Watched(x=TWO)
    assert [bundle.key for bundle in watched.see(x=None, y="a: 1\n---\nb: 9\n")] == ["y"]
    assert watched.see(after=GRACE, x=None) == [Bundle("x")]


def test_two_files_that_vanish_together_do_not_stand_for_each_other() -> None:
    watched = Watched(x=TWO, y=TWO)
    assert watched.see(x=None, y=None) == []
    assert watched.see(after=GRACE, x=None, y=None) == [Bundle("x"), Bundle("y")]


def test_bundles_come_in_the_order_of_their_keys_removals_last() -> None:
    watched = Watched(a="x: 1\n", c="x: 2\n")
    watched.see(a=None, c=None)
    bundles = watched.see(after=GRACE, c=None, a=None, d="x: 3\n", b="x: 4\n")
    assert [bundle.key for bundle in bundles] == ["b", "d", "a", "c"]
