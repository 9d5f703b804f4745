"""From the text of a file to its documents."""

import pytest

from straightway.documents import Bundle
from straightway.sources.yaml_documents import Reading, read_documents, split


def read(text: str, before: Reading | None = None) -> Reading:
    return read_documents("x.yaml", "config/x.yaml", text, before)


def bodies(bundle: Bundle) -> list[object]:
    return [document.body for document in bundle.documents]


def places(bundle: Bundle) -> list[str]:
    return [document.origin.at() for document in bundle.documents]


def codes(bundle: Bundle) -> list[str]:
    return [problem.code for problem in bundle.problems]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\n---\nb: 2\n", [{"a": 1}, {"b": 2}]),
        ("---\na: 1\n---\nb: 2", [{"a": 1}, {"b": 2}]),
        ("--- # first\na: 1\n--- {b: 2}\n", [{"a": 1}, {"b": 2}]),
        ("---\t{a: 1}\n", [{"a": 1}]),
        ("a: 1\n...\n---\nb: 2\n...\n", [{"a": 1}, {"b": 2}]),
        ("a: 1\n...\nb: 2\n", [{"a": 1}, {"b": 2}]),
        ("%YAML 1.1\n---\na: 1\n", [{"a": 1}]),
        ("a: 1\n...\n# next\n%YAML 1.1\n\n# and\n---\nb: 2\n", [{"a": 1}, {"b": 2}]),
        ("a: 1\n%YAML 1.1\n---\nb: 2\n", [{"a": 1}, {"b": 2}]),
        ("%TAG !k! tag:yaml.org,2002:\n---\na: !k!str 1\n", [{"a": "1"}]),
        ("\ufeffa: 1\n---\nb: 2\n", [{"a": 1}, {"b": 2}]),
        ("a: 1\r\n---\r\nb: 2\r\n", [{"a": 1}, {"b": 2}]),
        ("a: 1\r---\rb: 2\r", [{"a": 1}, {"b": 2}]),
        ("a: |\n  ---\n  x\n---\nb: ' ---'\n", [{"a": "---\nx\n"}, {"b": " ---"}]),
        ("a: 1\n----\n", []),
        ("a: x\n ---\n---\nb: ---x\n---x: 1\n", [{"a": "x ---"}, {"b": "---x", "---x": 1}]),
        ("---\n---\n# nothing\n---\n~\n---\na: 1\n---\n", [{"a": 1}]),
        ("", []),
        ("\n \n", []),
        ("# a comment\n", []),
        ('{"a": 1}', [{"a": 1}]),
    ],
)
def test_a_file_is_cut_at_its_document_markers(text: str, expected: list[object]) -> None:
    assert bodies(read(text).bundle) == expected


def test_a_document_knows_its_line_in_the_file() -> None:
    text = "# head\n\na: 1\n--- # second\n# comment\nb: 2\n---\n---\n{c: 3}\n"
    assert places(read(text).bundle) == ["config/x.yaml:3", "config/x.yaml:6", "config/x.yaml:9"]


def test_the_pieces_make_up_the_whole_file() -> None:
    text = "# head\na: 1\n%YAML 1.1\n---\nb: 2\n...\n---\nc: 3\n"
    chunks = list(split(text))
    assert "".join(chunk.text for chunk in chunks) == text
    assert [chunk.line for chunk in chunks] == [1, 3, 7]


def test_a_broken_document_does_not_harm_the_others() -> None:
    bundle = read("a: 1\n---\nb: 'x\n---\nc: [3\n---\nd: 4\n").bundle
    assert bodies(bundle) == [{"a": 1}, {"d": 4}]
    assert codes(bundle) == ["yaml-syntax", "yaml-syntax"]
    assert not bundle.complete


@pytest.mark.parametrize("text", ["- a: 1\n", "hello\n", "42\n", "'x'\n"])
def test_a_document_that_is_no_mapping_is_a_problem(text: str) -> None:
    bundle = read(f"a: 1\n---\n{text}").bundle
    assert bodies(bundle) == [{"a": 1}]
    assert codes(bundle) == ["not-a-mapping"]
    assert bundle.problems[0].origin == "config/x.yaml:3"
    assert not bundle.complete


def test_a_list_becomes_its_items() -> None:
    text = "kind: List\napiVersion: v1\nitems:\n- kind: A\n\n- kind: B\nmetadata: {}\n"
    bundle = read(text).bundle
    assert bodies(bundle) == [{"kind": "A"}, {"kind": "B"}]
    assert places(bundle) == ["config/x.yaml:4", "config/x.yaml:6"]


def test_the_items_of_a_typed_list_take_their_kind_from_it() -> None:
    text = "kind: ServiceList\napiVersion: v1\nitems:\n- metadata: {name: a}\n"
    assert bodies(read(text).bundle) == [
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}}
    ]


def test_a_list_in_a_list_becomes_its_items_too() -> None:
    text = "kind: List\nitems:\n- kind: List\n  items:\n  - kind: A\n- kind: B\n"
    bundle = read(text).bundle
    assert bodies(bundle) == [{"kind": "A"}, {"kind": "B"}]
    assert places(bundle) == ["config/x.yaml:5", "config/x.yaml:6"]


def test_an_item_that_is_no_mapping_is_a_problem_at_its_line() -> None:
    bundle = read("kind: List\nitems:\n- kind: A\n- 3\n- kind: B\n").bundle
    assert bodies(bundle) == [{"kind": "A"}, {"kind": "B"}]
    assert [problem.origin for problem in bundle.problems] == ["config/x.yaml:4"]


def test_an_empty_list_has_no_documents() -> None:
    assert read("kind: List\nitems: []\n").bundle == Bundle("x.yaml")


def test_a_kind_that_only_sounds_like_a_list_is_left_alone() -> None:
    assert bodies(read("kind: AccessList\nspec: {}\n").bundle) == [
        {"kind": "AccessList", "spec": {}}
    ]


def test_unchanged_documents_are_the_identical_objects() -> None:
    before = read("a: 1\n---\nb: 2\n---\nc: 3\n")
    after = read("a: 1\n---\nb: 9\n---\nc: 3\n", before)
    assert bodies(after.bundle) == [{"a": 1}, {"b": 9}, {"c": 3}]
    assert after.bundle.documents[0] is before.bundle.documents[0]
    assert after.bundle.documents[2] is before.bundle.documents[2]


def test_a_document_that_moved_has_the_identical_body_and_its_new_line() -> None:
    before = read("a: 1\n---\nb: 2\n")
    after = read("# one more line\na: 1\n---\nb: 2\n", before)
    assert after.bundle.documents[1].body is before.bundle.documents[1].body
    assert places(after.bundle) == ["config/x.yaml:2", "config/x.yaml:4"]


def test_a_problem_that_moved_has_its_new_line() -> None:
    before = read("a: 1\n---\nb: 'x\n")
    after = read("a: 1\n\n---\nb: 'x\n", before)
    assert [problem.origin for problem in before.bundle.problems] == ["config/x.yaml:3"]
    assert [problem.origin for problem in after.bundle.problems] == ["config/x.yaml:4"]


def test_documents_of_the_same_text_each_keep_their_line() -> None:
    before = read("---\na: 1\n---\na: 1\n")
    after = read("---\na: 1\n---\na: 1\n---\nb: 2\n", before)
    assert places(after.bundle) == ["config/x.yaml:2", "config/x.yaml:4", "config/x.yaml:6"]
