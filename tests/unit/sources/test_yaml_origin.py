"""From a path in an object to its line."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from straightway.sources.yaml_documents import read_documents
from straightway.sources.yaml_positions import Path, Positions

TEXT = """\
# The first line.
kind: VirtualService
metadata: {name: shop, namespace: default}
spec:
  http:
  - match:
    - port: 8008
    route: &route

    - destination:
        host: reviews
  - {route: *route, name: "second"}
  8008: x
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 2),
        (("kind",), 2),
        (("metadata", "namespace"), 3),
        (("spec",), 4),
        (("spec", "http"), 5),
        (("spec", "http", 0), 6),
        (("spec", "http", 0, "match", 0, "port"), 7),
        (("spec", "http", 0, "route"), 8),
        (("spec", "http", 0, "route", 0, "destination", "host"), 11),
        (("spec", "http", 1), 12),
        (("spec", "http", 1, "route", 0, "destination"), 10),
        (("spec", "8008"), 13),
    ],
)
def test_a_path_leads_to_the_line_of_its_key_or_item(path: Path, line: int) -> None:
    [document] = read_documents("x.yaml", "x.yaml", TEXT).bundle.documents
    assert document.origin.at(path) == f"x.yaml:{line}"


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("status",), 2),
        (("spec", "host"), 4),
        (("spec", "http", 7, "route"), 5),
        (("spec", "http", "route"), 5),
        (("spec", "http", 0, "retries", "attempts"), 6),
        (("kind", "name"), 2),
        (("kind", 0), 2),
    ],
)
def test_a_path_that_is_not_there_leads_to_its_nearest_parent(path: Path, line: int) -> None:
    [document] = read_documents("x.yaml", "x.yaml", TEXT).bundle.documents
    assert document.origin.at(path) == f"x.yaml:{line}"


def test_an_anchor_may_be_defined_twice() -> None:
    text = 'spec:\n  {hosts: &h ["*"],\n  htp: &h [],\n  http: *h}\n'
    [document] = read_documents("x.yaml", "x.yaml", text).bundle.documents
    assert document.body == {"spec": {"hosts": ["*"], "htp": [], "http": []}}
    assert document.origin.at(("spec", "hosts", 0)) == "x.yaml:2"
    assert document.origin.at(("spec", "htp")) == "x.yaml:3"
    assert document.origin.at(("spec", "http")) == "x.yaml:4"


def test_what_an_outer_anchor_and_an_inner_one_of_its_name_stand_for() -> None:
    text = "a: &x\n  b: &x\n    c: 1\nd: *x\n"
    [document] = read_documents("x.yaml", "x.yaml", text).bundle.documents
    assert document.body["d"] == {"c": 1}
    assert document.origin.at(("d", "c")) == "x.yaml:3"


def test_many_lookups_do_not_index_a_document_again(monkeypatch: pytest.MonkeyPatch) -> None:
    indexed: list[int] = []
    nodes_in = Positions._nodes_in

    def counting(positions: Positions, node: int) -> list[int]:
        indexed.append(node)
        return nodes_in(positions, node)

    monkeypatch.setattr(Positions, "_nodes_in", counting)
    text = "kind: List\nitems:\n" + "- spec: {a: 1, b: 2}\n" * 50
    documents = read_documents("x", "x.yaml", text).bundle.documents
    for _ in range(3):
        for number, document in enumerate(documents):
            assert document.origin.at(("spec", "b")) == f"x.yaml:{3 + number}"
    # The List, its items, and of each item itself and its spec.
    assert len(indexed) == len(set(indexed)) == 2 + 2 * 50


def test_an_item_of_a_list_has_its_own_lines() -> None:
    text = "a: 1\n---\nkind: List\nitems:\n- kind: A\n- kind: B\n  spec:\n    host: x\n"
    documents = read_documents("x.yaml", "x.yaml", text).bundle.documents
    assert documents[2].origin.at() == "x.yaml:6"
    assert documents[2].origin.at(("spec", "host")) == "x.yaml:8"
    assert documents[2].origin.at(("spec", "port")) == "x.yaml:7"
    assert documents[2].origin.at(("metadata",)) == "x.yaml:6"


# Characters whose JSON escape is one in YAML too.
texts = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=8)
scalars = st.none() | st.booleans() | st.integers(-9, 9999) | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)
objects = st.dictionaries(texts, values, min_size=1, max_size=4)


class Writer:
    """Writes block-style YAML and notes the line of every path."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.places: dict[Path, int] = {}

    def write(self, value: object, path: Path, indent: str) -> None:
        for step, shown, item in self._parts(value):
            self.lines.append(f"{indent}{shown}")
            self.places[*path, step] = len(self.lines)
            if item and isinstance(item, dict | list):
                # An item of a sequence has no line but that of its value, which is the next one.
                self.places[*path, step] += isinstance(step, int)
                self.write(item, (*path, step), f"{indent}  ")
            else:
                self.lines[-1] += f" {json.dumps(item)}"

    @staticmethod
    def _parts(value: object) -> Iterator[tuple[str | int, str, object]]:
        if isinstance(value, dict):
            yield from ((key, f"{json.dumps(key)}:", item) for key, item in value.items())
        elif isinstance(value, list):
            yield from ((index, "-", item) for index, item in enumerate(value))


@given(st.lists(objects, max_size=4), st.data())
@settings(deadline=None)
def test_every_path_of_every_document_leads_to_its_line(
    bodies: list[dict[str, object]], data: st.DataObject
) -> None:
    writer, expected = Writer(), []
    for body in bodies:
        writer.lines += ["---"] + ["# comment", ""] * data.draw(st.integers(0, 2))
        writer.places = {}
        writer.write(body, (), "")
        expected.append(writer.places)
    documents = read_documents("x", "x.yaml", "\n".join(writer.lines) + "\n").bundle.documents
    assert [document.body for document in documents] == bodies
    for document, places in zip(documents, expected, strict=True):
        assert {path: document.origin.at(path) for path in places} == {
            path: f"x.yaml:{line}" for path, line in places.items()
        }
