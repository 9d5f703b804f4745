"""Messages about broken YAML."""

import tracemalloc

import pytest
import yaml

from straightway.documents import Severity
from straightway.sources.yaml_documents import read_documents
from straightway.sources.yaml_problems import syntax_problem


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("a:\n\t- x\n", 2, 1, "a tab"),
        ("a:\n  b: 1\n\tc: 2\n", 3, 1, "a tab"),
        ("a: b: c\n", 1, 5, "no key is allowed here"),
        ("a: b\n  c: d\n", 2, 4, "no key is allowed here"),
        ("a:\n  - b\n c: d\n", 3, 2, "a key is expected here"),
        ("- a\nb: 1\n", 2, 1, "a list item"),
        ("b: 1\nkey\nc: 1\n", 2, 1, "no ': ' after the key"),
        ("a: 1\nb: 'x\nc: d\n", 2, 4, "never closed"),
        ("a: @x\n", 1, 4, "must be quoted"),
        ("a: [1, 2\nb: 3\n", 2, 2, "did not find expected ',' or ']'"),
        ("é: 1\nü: \x07\n", 2, 4, "U+0007"),
        ("a: 1\nb: 2\na: 3\n", 3, 1, "the key 'a' is written twice (first written in line 3)"),
        ("a: {", 1, 5, "close every bracket"),
        ("a: {\n\n\n", 1, 5, "close every bracket"),
    ],
)
def test_a_syntax_problem_names_the_place_and_the_cure(
    text: str, line: int, column: int, words: str
) -> None:
    [problem] = read_documents("x.yaml", "config/x.yaml", f"ok: 1\n---\n{text}").bundle.problems
    assert (problem.code, problem.severity) == ("yaml-syntax", Severity.ERROR)
    assert problem.origin == f"config/x.yaml:{line + 2}"
    assert words in problem.message
    assert f"column {column}:" in problem.message


def test_the_place_in_a_large_text_takes_little_memory() -> None:
    text = "a: b\n" * 200_000
    mark = yaml.Mark("x", 0, 150_000, 3, None, 0)
    error = yaml.MarkedYAMLError(None, None, "bad", mark)
    tracemalloc.start()
    try:
        problem = syntax_problem("x", 1, text, error)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert problem.origin == "x:150001"
    assert peak < 2 * len(text)
