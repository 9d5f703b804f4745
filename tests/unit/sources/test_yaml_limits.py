"""How much a file may hold, and that more is reported with place and limit."""

from __future__ import annotations

import pytest

from straightway.documents import Problem
from straightway.sources import yaml_blocks, yaml_documents, yaml_values
from straightway.sources.yaml_documents import read_documents


def problem(text: str) -> Problem:
    bundle = read_documents("x.yaml", "x.yaml", text).bundle
    assert (bundle.documents, bundle.complete) == ((), False)
    [found] = bundle.problems
    return found


@pytest.fixture
def few_values(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (yaml_blocks, yaml_values):
        monkeypatch.setattr(module, "MAX_VALUES", 100)


@pytest.mark.parametrize(
    "text", ["x: [" + "[]," * 100 + "]", "- []\n" * 101, "- a: b\n" * 51, "- a\n" * 101]
)
@pytest.mark.usefixtures("few_values")
def test_a_document_of_too_many_values_is_refused(text: str) -> None:
    found = problem(f"# a comment\n{text}\n")
    assert found.code == "document-too-large"
    assert found.message == "The document holds more than 100 values: split it."
    assert found.origin.startswith("x.yaml:")
    assert found.origin != "x.yaml:1"


@pytest.mark.parametrize("text", ["a: [" + "[]," * 98 + "]", "x:\n" + "- []\n" * 98])
@pytest.mark.usefixtures("few_values")
def test_a_document_of_as_many_values_as_the_limit_is_read(text: str) -> None:
    assert len(read_documents("x", "x", text).bundle.documents) == 1


def test_text_that_aliases_repeat_too_often_is_refused() -> None:
    text = "host: &x " + "x" * 512 * 1024 + "\nroutes:\n" + "- *x\n" * 300
    found = problem(text)
    assert found.code == "document-too-large"
    assert found.message == "The document's aliases stand for more than 1,048,576 characters."
    assert found.origin == "x.yaml:5"


def test_keys_that_aliases_repeat_count_too() -> None:
    text = "host: &x {" + "x" * 1000 + ": 1}\nroutes:\n" + "- *x\n" * 1100
    assert "aliases stand for more than" in problem(text).message


def test_merges_count_as_the_aliases_that_they_are() -> None:
    text = "a: &a {x: 1, y: 2}\nb:\n" + "  <<: *a\n" * 40_000
    assert "aliases stand for more than 100,000 values" in problem(text).message


def test_a_key_that_is_too_long_is_refused_and_not_shown() -> None:
    found = problem("spec:\n  ? " + "k" * 2**20 + "\n  : 1\n")
    assert (found.code, found.origin) == ("document-too-large", "x.yaml:2")
    assert found.message == "A key is longer than 1,024 characters."


@pytest.mark.parametrize(
    "text",
    [
        "? " + "k" * 1000 + "\n: 1\n? " + "k" * 1000 + "\n: 2\n",
        "a: !" + "t" * 2**20 + " 1\n",
        "a: !" + "t" * 2**20 + " {}\n",
        "a: !" + "t" * 2**20 + " []\n",
        "a: *" + "t" * 2**20 + "\n",
        "a: &" + "t" * 2**20 + " {b: *" + "t" * 2**20 + "}\n",
        "a: !!int '" + "t" * 2**20 + "'\n",
        '"' + "k" * 2**20 + '"\n',
        "k" * 2**20 + ": 1\n",
        "- " * 1000,
        "x" * 2**20,
    ],
)
def test_no_text_makes_a_long_message(text: str) -> None:
    assert len(problem(text).message) < 300


def test_a_file_of_too_many_documents_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_documents, "MAX_FILE_DOCUMENTS", 3)
    assert len(read_documents("x", "x", "---\na: 1\n" * 3).bundle.documents) == 3
    found = problem("---\na: 1\n" * 4)
    assert found.code == "file-too-large"
    assert found.message == "The file holds more than 3 documents: split it."


@pytest.mark.parametrize("document", ["---\na: [1, 2]\n", "---\na: [1, 2\n"])
def test_a_file_of_too_many_values_is_refused(
    monkeypatch: pytest.MonkeyPatch, document: str
) -> None:
    monkeypatch.setattr(yaml_documents, "MAX_FILE_VALUES", 12)
    found = problem(document * 4)
    assert found.code == "file-too-large"
    assert found.message == "The file holds more than 12 values: split it."


@pytest.mark.parametrize(
    "number",
    ["1" * 10**6, "0x" + "f" * 10**6, "1." + "1" * 10**6, "1_" * 10**6, "1e" + "9" * 10**6],
)
def test_a_number_of_a_million_digits_is_text(number: str) -> None:
    [document] = read_documents("x", "x", f"a: {number}\n").bundle.documents
    assert document.body == {"a": number}


@pytest.mark.parametrize("text", ["kind: List\nitems:\n" + "- 1\n" * 1000, "---\na: '\n" * 1000])
def test_of_very_many_problems_the_first_are_reported_and_the_others_counted(text: str) -> None:
    bundle = read_documents("x.yaml", "x.yaml", text).bundle
    assert not bundle.complete
    assert len(bundle.problems) == 101
    assert sorted(bundle.problems) == list(bundle.problems)
    last = bundle.problems[-1]
    assert (last.code, last.message) == ("further-problems", "The file has 900 further problems.")
