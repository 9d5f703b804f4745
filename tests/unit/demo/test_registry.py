"""Who holds a model: as the entry files say at the moment of the question."""

from demo import entries, registry
from demo.entries import Entry
from demo.registry import Registry


def put(folder, name, *models):
    entry = Entry(name, "127.0.0.1", 1, models)
    entries.write(folder / f"{name}.yaml", entry)
    return entry


def test_every_change_of_a_file_is_seen_at_the_next_question(tmp_path):
    peers = Registry(tmp_path, own="me")
    assert peers.holders("tf-mnist") == []
    first = put(tmp_path, "a", "tf-mnist")
    second = put(tmp_path, "b", "knn-mnist", "tf-mnist")
    assert sorted(peers.holders("tf-mnist"), key=str) == [first, second]
    put(tmp_path, "b", "knn-mnist")
    assert peers.holders("tf-mnist") == [first]
    (tmp_path / "a.yaml").unlink()
    assert peers.holders("tf-mnist") == []


def test_a_runtime_is_no_peer_of_itself(tmp_path):
    put(tmp_path, "me", "tf-mnist")
    assert Registry(tmp_path, own="me").holders("tf-mnist") == []


def test_other_files_of_the_folder_are_ignored(tmp_path):
    (tmp_path / "service.yaml").write_text("kind: Service\n")
    (tmp_path / ".a.yaml.new").write_text(entries.render(Entry("a", "127.0.0.1", 1, ("x",))))
    assert Registry(tmp_path, own="me").holders("x") == []


def test_unchanged_files_are_not_read_again(tmp_path, monkeypatch):
    holder = put(tmp_path, "a", "x")
    peers = Registry(tmp_path, own="me")
    assert peers.holders("x") == [holder]
    monkeypatch.delattr(registry, "read")
    assert peers.holders("x") == [holder]
