"""Cutting and reading give what PyYAML's own loader gives for the whole file."""

from collections.abc import Iterator
from pathlib import Path as PlainPath
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from straightway.sources.file_reader import read_file
from straightway.sources.files import ConfigFile
from straightway.sources.yaml_documents import Reading, read_documents
from straightway.sources.yaml_positions import Path
from straightway.sources.yaml_scalars import plain_scalar

# PyYAML writes some strings without quotes that Kubernetes takes for something else ("y", "1e3").
words = st.text(max_size=12).filter(lambda text: isinstance(plain_scalar(text), str))
quoted = st.sampled_from(["true", "null", "1", "1.5", "12:30", "2001-01-01", "", "---", "a: b"])
lines = st.lists(words | quoted, max_size=4).map("\n".join)
strings = (words | quoted | lines).filter(lambda text: isinstance(plain_scalar(text), str)) | quoted
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | strings
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(strings, inner, max_size=4),
    max_leaves=20,
)
objects = st.dictionaries(strings, values, max_size=5)
styles = st.fixed_dictionaries(
    {
        "default_flow_style": st.sampled_from([True, False, None]),
        "default_style": st.sampled_from([None, '"', "'", "|", ">"]),
        "allow_unicode": st.booleans(),
        "width": st.sampled_from([20, 80]),
        "explicit_end": st.booleans(),
        "line_break": st.sampled_from(["\n", "\r\n"]),
    }
)


@given(st.lists(objects, max_size=5), styles)
@settings(max_examples=200, deadline=None)
def test_generated_files_read_as_pyyaml_reads_them(
    bodies: list[dict[str, object]], style: dict[str, Any]
) -> None:
    text = yaml.safe_dump_all(bodies, explicit_start=True, **style)
    bundle = read_documents("x", "x", text).bundle
    assert [problem.code for problem in bundle.problems] == ([] if bodies else ["empty-file"])
    assert [document.body for document in bundle.documents] == list(yaml.safe_load_all(text))


alphabet = "ab:-'\"[]{}#&*!|>%@<\n\t .?,~1y\0\r\x85\ufeff\u2028é😀"
pieces = st.sampled_from(
    ["a: ", "- ", "\n", "\n  ", "---\n", "&a ", "*a", "<<: *a\n", "kind: List\nitems:\n", "? ", "1"]
)
texts = st.text(alphabet=alphabet, max_size=40) | st.lists(pieces, max_size=15).map("".join)
steps = st.integers() | st.text(max_size=3) | st.sampled_from(["a", "items", "kind", 0, 1])
paths = st.lists(steps, max_size=5).map(tuple)


@given(texts | st.text(max_size=40), paths)
@settings(max_examples=600, deadline=None)
def test_no_text_is_too_strange_to_be_read_or_refused(text: str, path: Path) -> None:
    if not any("\ud800" <= character <= "\udfff" for character in text):
        assert_readable(read_documents("x", "x", text), path)


@given(st.binary(max_size=60) | texts.map(str.encode), paths)
@settings(max_examples=300, deadline=None)
def test_no_bytes_are_too_strange_to_be_read_or_refused(content: bytes, path: Path) -> None:
    with TemporaryDirectory() as folder:
        file = PlainPath(folder, "x.yaml")
        file.write_bytes(content)
        reading = read_file(ConfigFile("x.yaml", str(file), None, linked=False))
    assert reading is not None
    assert_readable(reading, path)


def assert_readable(reading: Reading, path: Path) -> None:
    bundle = reading.bundle
    assert bundle.complete == (not bundle.problems)
    assert "internal-error" not in {problem.code for problem in bundle.problems}
    for document in bundle.documents:
        for known in places(document.body):
            document.origin.written(known)
            assert document.origin.at(known)
            assert document.origin.at((*known, *path))
            document.origin.written((*known, *path))


def places(value: object) -> Iterator[Path]:
    yield ()
    if isinstance(value, dict):
        yield from ((key, *below) for key, item in value.items() for below in places(item))
    elif isinstance(value, list):
        yield from ((index, *below) for index, item in enumerate(value) for below in places(item))


@given(st.lists(objects, min_size=1, max_size=3), st.data())
@settings(max_examples=100, deadline=None)
def test_what_a_document_writes_for_a_scalar_means_that_scalar(
    bodies: list[dict[str, object]], data: st.DataObject
) -> None:
    text = yaml.safe_dump_all(bodies, default_flow_style=data.draw(st.booleans()))
    for document in read_documents("x", "x", text).bundle.documents:
        for path in places(document.body):
            value: Any = document.body
            for step in path:
                value = value[step]
            written = document.origin.written(path)
            if isinstance(value, dict | list):
                assert written is None
            elif isinstance(value, str):
                assert written == value
            else:
                assert written is not None
                assert plain_scalar(written) == value
