"""The WorkloadEntry file: what the control plane and the peers read."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from demo import entries
from demo.entries import KEY, Entry

NAMES = st.from_regex(r"[a-z]([-a-z0-9]{0,20}[a-z0-9])?", fullmatch=True)


def written(*models):
    return yaml.safe_load(entries.render(Entry("runtime-1", "127.0.0.1", 8033, models)))


def test_one_model_is_a_label():
    entry = written("tf-mnist")
    assert entry["spec"]["labels"] == {"app": "modelmesh-serving", KEY: "tf-mnist"}
    assert "annotations" not in entry["metadata"]
    assert entry["spec"]["ports"] == {"grpc": 8033}


def test_several_models_are_an_annotation_because_labels_hold_no_commas():
    entry = written("tf-mnist", "knn-mnist")
    assert entry["metadata"]["annotations"] == {KEY: "knn-mnist,tf-mnist"}
    assert KEY not in entry["spec"]["labels"]


def test_no_model_is_neither():
    assert KEY not in str(written())


@given(st.frozensets(NAMES, max_size=4))
def test_what_is_written_is_read(tmp_path_factory, models):
    path = tmp_path_factory.mktemp("entries") / "runtime-1.yaml"
    entry = Entry("runtime-1", "10.0.0.1", 9000, tuple(sorted(models)))
    entries.write(path, entry)
    assert entries.read(path) == entry
    assert [file.name for file in path.parent.iterdir()] == ["runtime-1.yaml"]


@pytest.mark.parametrize(
    "text", ["", "{half: [", "kind: Service\n", "- a list\n", entries.render.__doc__]
)
def test_a_file_that_holds_no_entry_of_the_mesh_is_ignored(tmp_path, text):
    path = tmp_path / "other.yaml"
    path.write_text(text)
    assert entries.read(path) is None


def test_an_entry_of_another_application_is_ignored(tmp_path):
    path = tmp_path / "other.yaml"
    path.write_text(entries.render(Entry("a", "127.0.0.1", 1)).replace("app: m", "app: other-m"))
    assert entries.read(path) is None


def test_a_file_that_is_gone_is_ignored(tmp_path):
    assert entries.read(tmp_path / "gone.yaml") is None
