"""A schema refuses nothing that the models accept, and drops nothing."""

from __future__ import annotations

from typing import Any

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from straightway.api import parse, values
from straightway.api.checked import Says
from straightway.api.durations import Duration
from straightway.documents import Document, Origin
from tests.support.schemas import objects_of_the_project, refusals, specs_of_other_tests

OBJECTS = objects_of_the_project()
SPECS = specs_of_other_tests()


class Anywhere(Origin):
    def at(self, path: tuple[str | int, ...] = ()) -> str:
        return "file.yaml"


@pytest.mark.parametrize("body", [body for _, body in SPECS], ids=[name for name, _ in SPECS])
def test_an_accepted_spec_is_taken_as_it_is(body):
    if parse(Document(body, Anywhere())).object is not None:
        assert refusals(body) == []


@pytest.mark.parametrize("body", [body for _, body in OBJECTS], ids=[name for name, _ in OBJECTS])
def test_the_objects_of_the_project_are_taken_if_they_are_valid(body):
    if parse(Document(body, Anywhere())).object is not None:
        assert refusals(body) == []


TYPES: dict[str, tuple[Any, st.SearchStrategy[str]]] = {
    "duration": (Duration, st.from_regex(r"[0-9.]{0,3}(h|ms|m|s|us)?[0-9.]{0,2}(µs|s)?")),
    "host": (values.Host, st.from_regex(r"[a-zA-Z0-9:.%_*-]{0,12}")),
    "host pattern": (values.HostPattern, st.from_regex(r"\*?[a-zA-Z0-9:._-]{0,12}")),
    "gateway host": (values.GatewayHost, st.from_regex(r"([*.a-z0-9-]{0,3}/)?\*?[a-z0-9:.-]{0,9}")),
    "network": (values.Network, st.one_of(st.ip_addresses().map(str), st.from_regex(r"[0-9./:]+"))),
    "header": (values.HeaderName, st.from_regex(r"(:authority|[!-~]{0,5})")),
    "path": (values.Path, st.text(max_size=8).map("/{}".format)),
    "authority": (values.Authority, st.text(max_size=8)),
    "base64": (values.Base64, st.from_regex(r"[A-Za-z0-9+/]{0,8}={0,2}\s?")),
}


@pytest.mark.parametrize("name", list(TYPES))
@given(data=st.data())
def test_a_value_that_is_accepted_is_taken(name, data):
    kind, texts = TYPES[name]
    text = data.draw(texts)
    try:
        TypeAdapter(kind).validate_python(text)
    except ValidationError:
        return
    said: dict[str, Any] = {}
    for each in kind.__metadata__:
        said |= each.keywords if isinstance(each, Says) else {}

    assert re2.search(said["pattern"], text)
    assert len(text) <= said.get("maxLength", len(text))
