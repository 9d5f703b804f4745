"""Plain YAML, read line by line: never otherwise than libyaml reads it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from straightway.sources.yaml_blocks import read_blocks
from straightway.sources.yaml_positions import Path, Positions, Value
from straightway.sources.yaml_values import read_events

PLAIN = """\
---
# A comment.
apiVersion: networking.istio.io/v1
kind: VirtualService

metadata:
  name: shop   # its name
  labels:
    version: 1.10
spec:
  hosts:
  - shop.example.com
  - '*'
  http:
    - name: "first route"
      match: []
      route:
      - destination:
          host: reviews:8008
          port:
            number: 0o17
      -
        weight: -1
  nothing:
"""


def places(read: Positions) -> dict[Path, tuple[int, str | None]]:
    return {path: (read.line(path), read.written(path)) for path in paths((), read.root)}


def paths(path: Path, value: Value) -> Iterator[Path]:
    yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from paths((*path, key), item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from paths((*path, index), item)


def test_what_people_write_is_read_as_libyaml_reads_it() -> None:
    read, expected = read_blocks(PLAIN), read_events(PLAIN)
    assert read is not None
    assert read.root == expected.root == yaml.safe_load(PLAIN.replace("0o17", "15"))
    assert places(read) == places(expected)


@pytest.mark.parametrize(
    "text",
    [
        *("a: [x]", "a: {b: c}", "a: |\n  x", "a: >\n  x", "a: x\n  y", 'a: "x\n  y"', "[]", "x"),
        *("a: &x 1", "a: *x", "a: !!str 1", "<<: {}", '"a": 1', "? a\n: b", "%YAML 1.1\n---\na: 1"),
        *('a: "\\n"', "a: 'it''s'", "a: é", "a:\tb", "\ta: b", "a: b\t# c", "a: \x07", "a: x\x85y"),
        *(
            "a: 1\na: 2",
            "a: b: c",
            "a: b:",
            "a: 1\n  b: 2",
            "  a: 1\nb: 2",
            "a: 1\n- b",
            "- a\nb: 1",
        ),
        *("a:\n  - x\n - y", "- a\n  b", "- - a", "null: 1", "a: 1\n...", "--- a", "--- # c\na: 1"),
        *(
            "- a\nb: 1",
            "a: ,",
            "a: @x",
            "a: `x",
            "a: %x",
            "a: ]",
            "a: ? x",
            "a: - x",
            "a: : x",
            'a: "b" c',
        ),
        *("a: " + "x" * 300, "\n".join(" " * n + "a:" for n in range(201))),
    ],
)
def test_what_is_not_plain_is_left_to_libyaml(text: str) -> None:
    assert read_blocks(text) is None


@pytest.mark.parametrize("text", ["", "\n", "---\n", "# a\n\n  # b", "---\n# a\n"])
def test_a_document_of_nothing_is_none(text: str) -> None:
    read = read_blocks(text)
    assert read is not None
    assert read.root is None


def test_empty_containers_of_equal_lines_are_not_the_same() -> None:
    read = read_blocks("a:\n  x: []\nb:\n  x: []\n")
    assert read is not None
    assert isinstance(root := read.root, dict)
    assert root["a"]["x"] is not root["b"]["x"]  # type: ignore[index, call-overload]


# Lines that differ in what decides how YAML is read: indentation, dashes, colons, comments, quotes.
_indents = st.sampled_from(["", "", "", "  ", "  ", "    ", " ", "   "])
_dashes = st.sampled_from(["", "", "", "- ", "- ", "-   ", "- - ", "-"])
_keys = st.sampled_from(
    [
        "a: ",
        "b: ",
        "spec:",
        "a:",
        "y: ",
        "8008: ",
        "x/y.z: ",
        "~: ",
        "a:b: ",
        "-a: ",
        "a:  ",
        "",
        "",
    ]
)
_values = st.sampled_from(
    """\
1;1.10;y;~;null;x;a b;a  b;a: b;a:b;a:;a#c;a #c;#c;-1;- x;-x;---;...;"q";'s';"a: b";'it''s';"x" y
"x"#c;"x" #c;[];{};[a];|;*a;&a;!t x;0o17;08;1e3;+1;=;<<;%a;?;, x;{;a];(x);::;a::b;a :b;: x;.;..;\\
~x;$x;^a$;a\\b;"\\n";/x;x,y;a?b;"";''""".replace("\n", ";").split(";")
) | st.just("")
_ends = st.sampled_from(["", "", "", "", " ", " # c", "\t"])
_whole = st.sampled_from(["", "# c", "   ", "  # c", "---", "...", "<<: x", "%YAML 1.1", "é: 1"])
_lines = st.builds(lambda *parts: "".join(parts), _indents, _dashes, _keys, _values, _ends) | _whole
_texts = st.lists(_lines, max_size=7).map("\n".join)

_scalars = st.none() | st.booleans() | st.integers(-9, 9999) | _values
_plain_values = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "c d", "y", "8", "k/x"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(_texts)
@settings(max_examples=1500, deadline=None)
@example("a:\n- b\n-\n  c:\n-\n- d:\n  - e\n  f:\n")
@example("  a: 1\n  b: 2")
@example("-  a: 1\n   b:\n   - c\n")
def test_lines_are_read_as_libyaml_reads_them_or_not_at_all(text: str) -> None:
    compare(text)


@given(_plain_values, st.integers(0, 20), st.sampled_from(["", " ", "# c", ":", "  ", "- "]))
@settings(max_examples=500, deadline=None)
def test_what_a_tool_wrote_and_somebody_changed_is_read_so_too(
    value: object, place: int, inserted: str
) -> None:
    lines = yaml.safe_dump(value, default_flow_style=False).split("\n")
    compare("\n".join(lines))
    changed = place % len(lines)
    compare("\n".join([*lines[:changed], inserted + lines[changed], *lines[changed + 1 :]]))
    compare("\n".join([*lines[:changed], lines[changed] + inserted, *lines[changed + 1 :]]))


def compare(text: str) -> None:
    read = read_blocks(text)
    if read is None:
        return
    expected = read_events(text)  # And what libyaml refuses must not have been read.
    assert repr(read.root) == repr(expected.root)
    if read.root is not None:
        assert places(read) == places(expected)
