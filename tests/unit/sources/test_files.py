"""Which files are read, and what keeps one from being read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from straightway.documents import Bundle
from straightway.sources import ConfigFolderError, file_reader, read_path


def only_problem(path: Path) -> tuple[str, str]:
    [bundle] = read_path(path)
    assert (bundle.documents, bundle.complete) == ((), False)
    [problem] = bundle.problems
    return problem.code, problem.origin


def test_a_file_can_be_read_alone(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("a: 1\n")
    [bundle] = read_path(tmp_path / "x.txt")
    assert bundle.key == "x.txt"
    assert bundle.documents[0].origin.at() == f"{tmp_path}/x.txt:1"


def test_a_folder_is_read_in_the_order_of_the_paths(tmp_path: Path) -> None:
    for name in ["b.yaml", "a/z.yaml", "a.yml", "c/a.json"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{}")
    keys = [bundle.key for bundle in read_path(tmp_path)]
    assert keys == sorted(["b.yaml", "a/z.yaml", "a.yml", "c/a.json"])


def test_a_path_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigFolderError, match=r"x\.yaml does not exist"):
        read_path(tmp_path / "x.yaml")


def test_a_file_that_is_too_large_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_reader, "MAX_FILE_SIZE", 2**20)
    (tmp_path / "x.yaml").write_bytes(b"#" * (2**20 + 1))
    assert only_problem(tmp_path) == ("file-too-large", f"{tmp_path}/x.yaml:1")


def test_bytes_that_are_not_utf_8_are_a_problem_at_their_line(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"a: 1\nb: caf\xe9\n")
    assert only_problem(tmp_path) == ("not-utf-8", f"{tmp_path}/x.yaml:2")


def test_a_file_that_cannot_be_read_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(file_reader, "content_of", refuse)
    (tmp_path / "x.yaml").write_text("a: 1\n")
    assert only_problem(tmp_path) == ("unreadable-file", f"{tmp_path}/x.yaml:1")


def test_a_file_that_is_gone_before_it_is_read_is_no_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(path: str) -> bytes:
        raise FileNotFoundError

    monkeypatch.setattr(file_reader, "content_of", gone)
    (tmp_path / "x.yaml").write_text("a: 1\n")
    assert read_path(tmp_path) == ()


def test_a_pipe_that_has_just_taken_a_files_place_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(OSError, match="not a regular file"):
        file_reader.content_of(str(tmp_path / "pipe.yaml"))


@pytest.mark.skipif(not Path("/proc/kmsg").exists(), reason="there is no such file here")
def test_one_of_the_kernels_files_that_is_read_only_once_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").symlink_to("/proc/kmsg")
    [bundle] = read_path(tmp_path)
    assert not bundle.complete


def test_a_file_without_a_size_is_read(tmp_path: Path) -> None:
    assert file_reader.content_of("/proc/self/comm") == Path("/proc/self/comm").read_bytes()


def test_a_link_that_leads_nowhere_is_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").symlink_to("nowhere.yaml")
    [bundle] = read_path(tmp_path)
    assert not bundle.complete
    assert [problem.message for problem in bundle.problems] == [
        "The file cannot be read: it is a link to nowhere.yaml, which does not exist."
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("null # none", None),
        ("- 1", "a list"),
        ("7", "the value 7"),
        ("true", "the value true"),
        ("oops", 'the value "oops"'),
        ("{kind: List, items: [null]}", "the value null"),
    ],
)
def test_what_is_no_object_is_named_as_it_is_written(
    tmp_path: Path, text: str, found: str | None
) -> None:
    (tmp_path / "x.yaml").write_text(text)
    [bundle] = read_path(tmp_path)
    messages = [problem.message for problem in bundle.problems]
    assert [message.partition("found ")[2] for message in messages] == ([f"{found}."] * bool(found))


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"\xef\xbb\xbfa: 1\r\n")
    assert [document.body for document in read_path(tmp_path)[0].documents] == [{"a": 1}]


def test_a_file_of_nothing_is_an_empty_bundle(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("# later\n")
    assert read_path(tmp_path) == (Bundle("x.yaml"),)
