"""What somebody wrote for a scalar, though its value does not say it any more."""

from __future__ import annotations

import pytest

from straightway.documents import Document
from straightway.sources.yaml_documents import read_documents
from straightway.sources.yaml_positions import Path


def only(text: str) -> Document:
    [document] = read_documents("x.yaml", "x.yaml", text).bundle.documents
    return document


WRITTEN = """\
1.10 y No 0123 0o17 12e4 1_000 +1 ~ Null True 1.0 1e3
1 1.5 true null text -1
"""


@pytest.mark.parametrize("written", [*WRITTEN.split(), "a b", ""])
@pytest.mark.parametrize("form", ["labels:\n  app: {}\n", "labels: {{app: {}}}\n"])
def test_a_scalar_is_given_back_as_it_is_written(form: str, written: str) -> None:
    document = only("a: 1\n" + form.format(written))
    assert document.origin.written(("labels", "app")) == written


@pytest.mark.parametrize("form", ["- {}\n", "  [{}]\n"])
def test_an_item_of_a_list_is_given_back_too(form: str) -> None:
    document = only("a:\n" + form.format("1.10"))
    assert document.origin.written(("a", 0)) == "1.10"


def test_quotes_are_not_part_of_what_is_written() -> None:
    document = only("a: '1.10'\nb: \"y\"\nc: !!int '017'\n")
    assert [document.origin.written((key,)) for key in "abc"] == ["1.10", "y", "017"]


@pytest.mark.parametrize(
    "path", [(), ("a",), ("b",), ("a", "x"), ("a", "b", "c"), ("l", 1), ("l",)]
)
def test_a_path_that_leads_to_no_scalar_has_nothing_written(path: Path) -> None:
    assert only("a: {b: 1}\nl: [x]\n").origin.written(path) is None


def test_through_an_alias_it_is_what_the_anchor_says() -> None:
    document = only("a: &a {v: 1.10}\nb: *a\nc: &c 017\nd: *c\n")
    assert document.origin.written(("b", "v")) == "1.10"
    assert document.origin.written(("d",)) == "017"


def test_what_is_merged_is_not_known() -> None:
    document = only(
        "a: &a {v: 1.10}\nb:\n  <<: *a\n  w: 1.20\nc:\n  <<: {x: &x {z: 1.30}}\n  d: *x\n"
    )
    assert document.body["b"] == {"v": 1.1, "w": 1.2}
    assert document.origin.written(("b", "v")) is None
    assert document.origin.written(("b", "w")) == "1.20"
    assert document.origin.written(("c", "d", "z")) == "1.30"
    assert document.origin.at(("b", "v")) == "x.yaml:2"
    assert document.origin.at(("b", "w")) == "x.yaml:4"


def test_each_object_of_a_list_has_its_own() -> None:
    text = "kind: AList\nitems:\n- {a: 1.0}\n- {a: 1.00}\n"
    documents = read_documents("x", "x", text).bundle.documents
    assert [document.origin.written(("a",)) for document in documents] == ["1.0", "1.00"]
    assert documents[0].origin.written(("kind",)) is None
