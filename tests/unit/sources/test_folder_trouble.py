"""What happens when the folder itself, or watching it, fails."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from straightway.documents import Bundle
from straightway.sources import folder as folder_module
from straightway.sources.notify_watch import NotifyWatch
from straightway.sources.watching import Watch, WatchError

LONG, SHORT = 60.0, 0.05

TWO = "a: 1\n---\nb: 2\n"


def bodies(bundle: Bundle) -> list[object]:
    return [document.body for document in bundle.documents]


def codes(bundle: Bundle) -> list[str]:
    assert bundle.key == "."
    return [problem.code for problem in bundle.problems]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "config"
    path.mkdir()
    (path / "x.yaml").write_text(TWO)
    return path


async def test_a_folder_that_is_gone_keeps_its_objects_until_it_is_back(
    folder: Path, follow
) -> None:
    followed = follow(folder, removal_grace=LONG)
    await followed.update()
    with capture_logs() as logs:
        aside = folder.rename(folder.with_name("aside"))
        assert codes(await followed.bundle()) == ["config-folder-gone"]
    assert logs == []  # The problem says it all; nothing of ours went wrong.
    aside.rename(folder)
    assert await followed.bundle() == Bundle(".")
    (folder / "x.yaml").write_text("a: 1\n---\nb: 9\n")
    assert bodies(await followed.bundle()) == [{"a": 1}, {"b": 9}]


async def test_a_folder_that_is_deleted_and_made_again_is_compared(folder: Path, follow) -> None:
    followed = follow(folder, removal_grace=SHORT)
    await followed.update()
    shutil.rmtree(folder)
    found = await followed.bundles()
    if found == [Bundle("x.yaml")]:
        pytest.skip("the folder was seen empty for longer than the grace time")
    assert codes(found[0]) == ["config-folder-gone"]
    folder.mkdir()
    (folder / "y.yaml").write_text("c: 3\n")
    found = []
    while len(found) < 3:
        found += await followed.bundles()
    assert {bundle.key: bodies(bundle) for bundle in found} == {
        ".": [],
        "y.yaml": [{"c": 3}],
        "x.yaml": [],
    }


async def test_a_folder_that_is_replaced_by_another_is_followed(folder: Path, follow) -> None:
    other = folder.with_name("other")
    other.mkdir()
    (other / "x.yaml").write_text("a: 1\n---\nb: 9\n")
    followed = follow(folder)
    await followed.update()
    folder.rename(folder.with_name("aside"))
    other.rename(folder)
    bundle = (await followed.bundles())[-1]
    if bundle.key == ".":  # the moment without a folder was seen
        bundle = (await followed.bundles())[-1]
    assert bodies(bundle) == [{"a": 1}, {"b": 9}]
    await followed.assert_nothing_new()


async def test_a_link_to_the_folder_may_be_pointed_elsewhere(folder: Path, follow) -> None:
    other, link = folder.with_name("other"), folder.with_name("link")
    other.mkdir()
    (other / "x.yaml").write_text("a: 1\n---\nb: 9\n")
    link.symlink_to(folder)
    followed = follow(link, rescan_interval=SHORT)
    await followed.update()
    new = folder.with_name("new-link")
    new.symlink_to(other)
    new.rename(link)
    assert bodies(await followed.bundle()) == [{"a": 1}, {"b": 9}]
    await followed.assert_nothing_new()


async def test_a_folder_below_that_cannot_be_listed_keeps_its_objects(
    folder: Path, follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "y.yaml").write_text("c: 3\n")
    followed = follow(folder, removal_grace=SHORT, rescan_interval=SHORT)
    assert [bundle.key for bundle in await followed.bundles()] == ["sub/y.yaml", "x.yaml"]
    (folder / "sub").rename(folder.with_name("aside"))
    (folder / "sub").symlink_to("sub")  # a link to itself: listing it fails
    bundle = await followed.bundle()
    assert codes(bundle) == ["unreadable-folder"]
    assert bundle.problems[0].origin == f"{folder}/sub"
    (folder / "sub").unlink()
    folder.with_name("aside").rename(folder / "sub")
    assert await followed.bundle() == Bundle(".")
    await followed.assert_nothing_new()


async def test_a_folder_below_that_cannot_be_listed_at_the_start_keeps_what_an_earlier_run_read(
    folder: Path, follow
) -> None:
    aside = folder.with_name("aside")
    aside.mkdir()
    (aside / "y.yaml").write_text("c: 3\n")
    (folder / "sub").symlink_to(aside.with_name("not-mounted"))
    earlier = ["sub/gone.yaml", "sub/y.yaml", "submarine.yaml", "x.yaml"]
    followed = follow(folder, removal_grace=SHORT, rescan_interval=SHORT, earlier=earlier)

    trouble, gone, y, x = await followed.bundles()

    assert codes(trouble) == ["unreadable-folder"]
    assert trouble.problems[0].message.endswith("What it held stays in force.")
    assert gone == Bundle("sub/gone.yaml", complete=False)
    assert y == Bundle("sub/y.yaml", complete=False)
    assert bodies(x) == [{"a": 1}, {"b": 2}]
    await followed.assert_nothing_new()

    (folder / "sub").unlink()
    (folder / "sub").symlink_to(aside)
    found = [*await followed.bundles(), *await followed.bundles()]

    assert [(bundle.key, bundle.complete) for bundle in found] == [
        (".", True),
        ("sub/y.yaml", True),
        ("sub/gone.yaml", True),
    ]
    assert [bodies(bundle) for bundle in found] == [[], [{"c": 3}], []]
    # What was gone does not return with the next failure.
    (folder / "sub").unlink()
    (folder / "sub").symlink_to(aside.with_name("not-mounted"))
    assert codes(await followed.bundle()) == ["unreadable-folder"]
    await followed.assert_nothing_new()


async def test_a_folder_below_that_was_never_read_is_left_out(folder: Path, follow) -> None:
    (folder / "sub").symlink_to("nowhere")
    followed = follow(folder)

    trouble, _ = await followed.bundles()

    assert trouble.problems[0].message.endswith("Whatever it holds is left out.")


async def test_a_folder_that_the_system_cannot_watch_is_polled(
    folder: Path, follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(folder: Path) -> Watch:
        raise WatchError("No space left on device")

    monkeypatch.setattr(folder_module, "open_watch", refuse)
    followed = follow(folder, poll_interval=SHORT, removal_grace=SHORT)
    trouble, first = await followed.bundles()
    assert codes(trouble) == ["config-folder-polled"]
    assert bodies(first) == [{"a": 1}, {"b": 2}]
    (folder / "x.yaml").write_text("a: 1\n---\nb: 9\n")
    assert bodies(await followed.bundle()) == [{"a": 1}, {"b": 9}]
    (folder / "x.yaml").unlink()
    assert await followed.bundle() == Bundle("x.yaml")


async def test_a_folder_that_can_be_watched_later_is_polled_no_more(
    folder: Path, follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse_once(folder: Path) -> Watch:
        monkeypatch.setattr(folder_module, "open_watch", NotifyWatch)
        raise WatchError("Too many open files")

    monkeypatch.setattr(folder_module, "open_watch", refuse_once)
    followed = follow(folder, poll_interval=SHORT, rescan_interval=SHORT)
    assert codes((await followed.bundles())[0]) == ["config-folder-polled"]
    assert await followed.bundle() == Bundle(".")


async def test_a_watch_that_breaks_is_begun_again(
    folder: Path, follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail_once(self: NotifyWatch, seconds: float) -> set[str] | None:
        monkeypatch.setattr(NotifyWatch, "changes", changes)
        (folder / "y.yaml").write_text("c: 3\n")
        raise WatchError("a reason")

    changes = NotifyWatch.changes
    monkeypatch.setattr(NotifyWatch, "changes", fail_once)
    followed = follow(folder)
    await followed.update()
    bundle = await followed.bundle()
    assert (bundle.key, bodies(bundle)) == ("y.yaml", [{"c": 3}])
    await followed.assert_nothing_new()


async def test_a_name_that_is_not_utf_8_is_shown_with_replacement_characters(
    folder: Path, follow
) -> None:
    followed = follow(folder)
    await followed.update()
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff.yaml")).write_text("c: 3\n")
    bundle = await followed.bundle()
    assert (bundle.key, bodies(bundle)) == ("\ufffd.yaml", [{"c": 3}])
    await followed.assert_nothing_new()


async def test_a_change_that_is_not_notified_is_found_anyway(
    folder: Path, follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def deaf(self: NotifyWatch, seconds: float) -> set[str]:
        await changes(self, seconds)
        return set()

    changes = NotifyWatch.changes
    monkeypatch.setattr(NotifyWatch, "changes", deaf)
    followed = follow(folder, rescan_interval=SHORT)
    await followed.update()
    (folder / "x.yaml").write_text("a: 1\n---\nb: 9\n")
    assert bodies(await followed.bundle()) == [{"a": 1}, {"b": 9}]
