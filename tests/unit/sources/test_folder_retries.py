"""What cannot be read for a moment is read again without a change; our own mistakes end nothing."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from straightway.documents import Bundle
from straightway.sources import FolderSource, Update, file_reader, files, folder_reader
from straightway.sources.backoff import Backoff
from straightway.sources.yaml_documents import read_documents

LONG, SHORT = 60.0, 0.05


def bodies(bundle: Bundle) -> list[object]:
    return [document.body for document in bundle.documents]


def codes(bundle: Bundle) -> list[str]:
    return [problem.code for problem in bundle.problems]


class Failing:
    """Stands for a function, and fails as long as it should."""

    def __init__(self, function: Callable[..., object], error: Exception, name: str = "") -> None:
        self.function = function
        self.error = error
        self.name = name
        self.should_fail = True

    def __call__(self, argument: object, *others: object) -> object:
        if self.should_fail and self.name in str(argument):
            raise self.error
        return self.function(argument, *others)


@pytest.fixture(params=[errno.EMFILE, errno.EIO, errno.EACCES])
def unreadable(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Failing:
    """Let no file be read whose name has an x."""
    error = OSError(request.param, os.strerror(request.param))
    failing = Failing(file_reader.content_of, error, "x.yaml")
    monkeypatch.setattr(file_reader, "content_of", failing)
    return failing


async def test_a_file_that_cannot_be_read_at_the_start_is_read_as_soon_as_it_can(
    tmp_path: Path, follow, unreadable: Failing
) -> None:
    (tmp_path / "x.yaml").write_text("a: 1\n")
    (tmp_path / "y.yaml").write_text("b: 2\n")
    followed = follow(tmp_path, rescan_interval=LONG)
    x, y = await followed.bundles()
    assert (codes(x), x.complete, bodies(y)) == (["unreadable-file"], False, [{"b": 2}])
    unreadable.should_fail = False
    assert bodies(await followed.bundle()) == [{"a": 1}]
    await followed.assert_nothing_new()


async def test_a_file_that_cannot_be_read_after_a_change_is_read_as_soon_as_it_can(
    tmp_path: Path, follow, unreadable: Failing
) -> None:
    unreadable.should_fail = False
    (tmp_path / "x.yaml").write_text("a: 1\n")
    followed = follow(tmp_path, rescan_interval=LONG, removal_grace=SHORT)
    await followed.update()
    unreadable.should_fail = True
    (tmp_path / "x.yaml").write_text("a: 2\n")
    assert codes(await followed.bundle()) == ["unreadable-file"]
    unreadable.should_fail = False
    assert bodies(await followed.bundle()) == [{"a": 2}]


async def test_a_folder_that_cannot_be_listed_for_a_moment_is_listed_as_soon_as_it_can(
    tmp_path: Path, follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = OSError(errno.EMFILE, os.strerror(errno.EMFILE))
    failing = Failing(files._visible, error, str(tmp_path / "sub"))
    monkeypatch.setattr(files, "_visible", failing)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "x.yaml").write_text("a: 1\n")
    followed = follow(tmp_path, rescan_interval=LONG)
    assert codes(await followed.bundle()) == ["unreadable-folder"]
    failing.should_fail = False
    solved, x = await followed.bundles()
    assert (solved, bodies(x)) == (Bundle("."), [{"a": 1}])


async def test_a_mistake_in_reading_one_file_is_a_problem_of_that_file(
    tmp_path: Path, follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = Failing(read_documents, RuntimeError("a mistake"), "x.yaml")
    monkeypatch.setattr(file_reader, "read_documents", failing)
    for name in "wxy":
        (tmp_path / f"{name}.yaml").write_text(f"{name}: 1\n")
    followed = follow(tmp_path, removal_grace=SHORT)
    w, x, y = await followed.bundles()
    assert (bodies(w), bodies(y)) == ([{"w": 1}], [{"true": 1}])
    assert (codes(x), x.complete) == (["internal-error"], False)
    failing.should_fail = False
    (tmp_path / "x.yaml").write_text("x: 2\n")
    assert bodies(await followed.bundle()) == [{"x": 2}]


async def test_a_mistake_in_following_the_folder_does_not_end_it(
    tmp_path: Path, follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x.yaml").write_text("a: 1\n")
    followed = follow(tmp_path)
    await followed.update()
    failing = Failing(files.find_file, RuntimeError("a mistake"))

    def once(*arguments: object) -> object:
        try:
            return failing(*arguments)
        finally:
            failing.should_fail = False

    monkeypatch.setattr(folder_reader, "find_file", once)
    (tmp_path / "x.yaml").write_text("a: 2\n")
    assert bodies(await followed.bundle()) == [{"a": 2}]
    await followed.assert_nothing_new()


async def test_an_update_that_was_not_taken_in_is_emitted_again(
    tmp_path: Path, follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = FolderSource._publish
    refused: list[Update] = []

    def refusing(
        source: FolderSource, bundles: tuple[Bundle, ...], emit: Callable[[Update], None]
    ) -> None:
        def refuse(update: Update) -> None:
            refused.append(update)
            monkeypatch.setattr(FolderSource, "_publish", publish)
            raise RuntimeError("a mistake")

        publish(source, bundles, refuse)

    monkeypatch.setattr(FolderSource, "_publish", refusing)
    (tmp_path / "x.yaml").write_text("a: 1\n")
    assert await follow(tmp_path).update() == refused[0]


async def test_a_folder_that_another_empty_one_replaces_is_one_update(
    tmp_path: Path, follow
) -> None:
    folder = tmp_path / "config"
    folder.mkdir()
    for number in range(20):
        (folder / f"{number:02}.yaml").write_text(f"a: {number}\n")
    followed = follow(folder, removal_grace=SHORT)
    await followed.update()
    (tmp_path / "empty").mkdir()
    folder.rename(tmp_path / "aside")
    (tmp_path / "empty").rename(folder)
    bundles = await followed.bundles()
    while bundles[0].key == ".":  # the moment without a folder was seen
        bundles = await followed.bundles()
    assert bundles == [Bundle(f"{number:02}.yaml") for number in range(20)]


async def test_files_that_folders_replace_one_after_the_other_are_one_update(
    tmp_path: Path, follow
) -> None:
    names = [f"{number:02}.yaml" for number in range(20)]
    for name in names:
        (tmp_path / name).write_text(f"a: {name}\n")
    followed = follow(tmp_path, removal_grace=0.25)
    await followed.update()
    for name in names:
        (tmp_path / name).unlink()
        (tmp_path / name).mkdir()
    assert await followed.bundles() == [Bundle(name) for name in names]
    for name in names:
        shutil.rmtree(tmp_path / name)
    await followed.assert_nothing_new()


def test_each_failure_in_a_row_is_waited_for_longer_up_to_a_limit() -> None:
    backoff = Backoff(first=1, limit=5)
    assert [backoff.failed() for _ in range(5)] == [1, 2, 4, 5, 5]
    backoff.succeeded()
    assert backoff.failed() == 1
