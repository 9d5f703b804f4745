"""The config of the benchmarks says what it is meant to say, and nothing else is wrong in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.change_problems import unknown_fields, warned_list
from bench.config import PLAIN, Endpoints, Form, write_config
from straightway.documents import Severity
from straightway.offline.review import review
from straightway.sources.folder_reader import read_path

FORMS = [
    PLAIN,
    Form(mesh=True),
    Form(warned=True),
    Form(namespace_of=lambda service: f"models-{service % 2}", mesh=True),
]


def severities(path: Path) -> list[Severity]:
    return [problem.severity for problem in review(read_path(path)).problems]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", Endpoints)
def test_every_form_has_the_warnings_that_it_asks_for(tmp_path: Path, kind: Endpoints, form: Form):
    write_config(tmp_path, kind, port=8080, services=4, endpoints=2, form=form)
    assert severities(tmp_path) == [Severity.WARNING] * (8 if form.warned else 0)


@pytest.mark.parametrize("size", [0, 1, 5])
def test_a_list_has_a_warning_for_each_object_but_one(tmp_path: Path, size: int):
    file = tmp_path / "config.yaml"
    file.write_text(warned_list(size))
    assert severities(file) == [Severity.WARNING] * size


@pytest.mark.parametrize("count", [0, 1, 5])
def test_each_unknown_field_is_an_error(tmp_path: Path, count: int):
    file = tmp_path / "config.yaml"
    file.write_text(unknown_fields(count))
    assert severities(file) == [Severity.ERROR] * count
