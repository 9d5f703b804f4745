"""Notifications of the kernel: which paths are reported, and when."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from asyncinotify import Inotify

from straightway.sources import notify_watch
from straightway.sources.notify_watch import NotifyWatch
from straightway.sources.watching import WatchError

LONG = 20.0


@pytest.fixture
async def watch(tmp_path: Path) -> AsyncIterator[NotifyWatch]:
    (tmp_path / "sub").mkdir()
    watch = NotifyWatch(tmp_path)
    yield watch
    watch.close()


async def changes(watch: NotifyWatch, *expected: Path) -> None:
    """Check that these paths are reported."""
    found: set[str] = set()
    while found != {str(path) for path in expected}:
        told = await watch.changes(LONG)
        assert told
        found |= told
        assert found <= {str(path) for path in expected}


async def test_a_file_is_reported_when_it_is_written_renamed_or_removed(
    tmp_path: Path, watch: NotifyWatch
) -> None:
    one, two = tmp_path / "one.yaml", tmp_path / "sub" / "two.yaml"
    one.write_text("a")
    await changes(watch, one)
    one.rename(two)
    await changes(watch, one, two)
    two.unlink()
    await changes(watch, two)


async def test_a_file_whose_mode_changes_is_reported(tmp_path: Path, watch: NotifyWatch) -> None:
    (tmp_path / "x.yaml").write_text("a")
    await changes(watch, tmp_path / "x.yaml")
    (tmp_path / "x.yaml").chmod(0o600)
    await changes(watch, tmp_path / "x.yaml")


async def test_a_file_that_is_held_open_is_reported_anyway(
    tmp_path: Path, watch: NotifyWatch
) -> None:
    with (tmp_path / "x.yaml").open("w") as file:
        file.write("a")
        file.flush()
        await changes(watch, tmp_path / "x.yaml")


async def test_without_a_change_the_time_passes(watch: NotifyWatch) -> None:
    assert await watch.changes(0.0) == set()


async def test_a_new_folder_is_watched_and_anything_may_have_changed(
    tmp_path: Path, watch: NotifyWatch
) -> None:
    (tmp_path / "new").mkdir()
    assert await watch.changes(LONG) is None
    (tmp_path / "new" / "x.yaml").write_text("a")
    await changes(watch, tmp_path / "new" / "x.yaml")


async def test_a_renamed_folder_is_reported_by_its_new_name(
    tmp_path: Path, watch: NotifyWatch
) -> None:
    (tmp_path / "sub").rename(tmp_path / "renamed")
    assert await watch.changes(LONG) is None
    (tmp_path / "renamed" / "x.yaml").write_text("a")
    await changes(watch, tmp_path / "renamed" / "x.yaml")


async def test_a_folder_that_left_is_watched_no_more(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, watch: NotifyWatch
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "sub"
    (tmp_path / "sub").rename(elsewhere)
    assert await watch.changes(LONG) is None
    (elsewhere / "x.yaml").write_text("a")
    (tmp_path / "y.yaml").write_text("a")
    await changes(watch, tmp_path / "y.yaml")


async def test_the_target_of_a_new_link_is_watched(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, watch: NotifyWatch
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (tmp_path / "link").symlink_to(elsewhere)
    assert await watch.changes(LONG) is None
    (elsewhere / "x.yaml").write_text("a")
    await changes(watch, tmp_path / "link" / "x.yaml")


async def test_more_notifications_than_are_taken_at_once_are_reported(
    tmp_path: Path, watch: NotifyWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify_watch, "_BATCH", 3)
    paths = [tmp_path / f"{number}.yaml" for number in range(20)]
    for path in paths:
        path.write_text("a")
    await changes(watch, *paths)


async def test_lost_notifications_mean_that_anything_may_have_changed(
    tmp_path: Path, watch: NotifyWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if limit > 2**17:
        pytest.skip("the kernel's queue is too long to be filled here")
    one, two = tmp_path / "x.yaml", tmp_path / "y.yaml"
    one.touch()
    for _ in range(limit // 2 + 1):
        one.rename(two)
        two.rename(one)
    while (told := await watch.changes(LONG)) is not None:
        assert told


async def test_a_folder_that_is_gone_is_reported(tmp_path: Path) -> None:
    folder = tmp_path / "config"
    folder.mkdir()
    watch = NotifyWatch(folder)
    waiting = asyncio.create_task(watch.changes(LONG))
    await asyncio.sleep(0)
    folder.rename(tmp_path / "aside")
    with pytest.raises(WatchError, match="No such file"):
        await waiting
    watch.close()


def test_a_folder_that_does_not_exist_cannot_be_watched(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        NotifyWatch(tmp_path / "nowhere")


def test_a_limit_of_the_kernel_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Inotify, "add_watch", refuse)
    with pytest.raises(WatchError, match="No space left"):
        NotifyWatch(tmp_path)
