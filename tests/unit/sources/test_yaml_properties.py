"""Cutting and reading give what PyYAML's own loader gives for the whole file."""

from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from straightway.sources.yaml_documents import read_documents
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


@given(st.text(alphabet="ab:-'\"[]{}#&*!|>%@\n\t .?,~1", max_size=40))
@settings(max_examples=300, deadline=None)
def test_no_text_is_too_strange_to_be_read_or_refused(text: str) -> None:
    bundle = read_documents("x", "x", text).bundle
    assert bundle.complete == (not bundle.problems)
    for document in bundle.documents:
        document.origin.at(("a", "b"))
