"""A folder and what is emitted when its files change. Real files, real notifications."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from straightway.documents import Bundle
from straightway.sources import ConfigFolderError, FolderSource

# Long enough never to pass in a test, and short enough to wait for.
LONG, SHORT = 60.0, 0.05

TWO = "a: 1\n---\nb: 2\n"


def bodies(bundle: Bundle) -> list[object]:
    return [document.body for document in bundle.documents]


def replace(path: Path, text: str) -> None:
    """Save as editors do."""
    beside = path.with_name(f".{path.name}.swp")
    beside.write_text(text)
    beside.rename(path)


async def test_the_first_update_holds_everything_in_order(tmp_path: Path, follow) -> None:
    (tmp_path / "z.yaml").write_text(TWO)
    (tmp_path / "sub" / "deep").mkdir(parents=True)
    (tmp_path / "sub" / "deep" / "b.yml").write_text("c: 3\n")
    (tmp_path / "a.json").write_text('{"d": 4}')
    (tmp_path / "broken.yaml").write_text("a: '\n")
    (tmp_path / "empty.yaml").write_text("")
    update = await follow(tmp_path).update()
    assert update.synced
    assert [(bundle.key, bodies(bundle)) for bundle in update.bundles] == [
        ("a.json", [{"d": 4}]),
        ("broken.yaml", []),
        ("empty.yaml", []),
        ("sub/deep/b.yml", [{"c": 3}]),
        ("z.yaml", [{"a": 1}, {"b": 2}]),
    ]
    assert update.bundles[4].documents[1].origin.at() == f"{tmp_path}/z.yaml:3"


async def test_an_empty_folder_is_synced_too(tmp_path: Path, follow) -> None:
    update = await follow(tmp_path).update()
    assert (update.bundles, update.synced) == ((), True)


async def test_origins_show_the_folder_as_it_was_given(
    tmp_path: Path, follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("config").mkdir()
    followed = follow(Path("config"))
    await followed.update()
    Path("config/x.yaml").write_text("# x\na: 1\n")
    bundle = await followed.bundle()
    assert bundle.key == "x.yaml"
    assert bundle.documents[0].origin.at() == "config/x.yaml:2"


async def test_an_added_file_is_emitted(tmp_path: Path, follow) -> None:
    followed = follow(tmp_path)
    await followed.update()
    (tmp_path / "x.yaml").write_text(TWO)
    assert bodies(await followed.bundle()) == [{"a": 1}, {"b": 2}]


async def test_a_file_in_a_new_folder_is_emitted(tmp_path: Path, follow) -> None:
    followed = follow(tmp_path)
    await followed.update()
    (tmp_path / "sub" / "deep").mkdir(parents=True)
    (tmp_path / "sub" / "deep" / "x.yaml").write_text(TWO)
    assert (await followed.bundle()).key == "sub/deep/x.yaml"
    (tmp_path / "sub" / "deep" / "x.yaml").write_text(TWO + "---\nc: 3\n")
    assert len((await followed.bundle()).documents) == 3


async def test_a_changed_file_keeps_its_unchanged_documents(tmp_path: Path, follow) -> None:
    (tmp_path / "x.yaml").write_text(TWO)
    followed = follow(tmp_path)
    before = await followed.bundle()
    (tmp_path / "x.yaml").write_text("a: 1\n---\nb: 9\n")
    after = await followed.bundle()
    assert bodies(after) == [{"a": 1}, {"b": 9}]
    assert after.documents[0] is before.documents[0]


async def test_a_file_saved_by_renaming_another_over_it_is_one_change(
    tmp_path: Path, follow
) -> None:
    (tmp_path / "x.yaml").write_text(TWO)
    followed = follow(tmp_path)
    await followed.update()
    for number in range(5):
        replace(tmp_path / "x.yaml", f"a: {number}\n")
        replace(tmp_path / "x.yaml", f"a: {number}\n---\nc: 3\n")
        assert bodies(await followed.bundle()) == [{"a": number}, {"c": 3}]
    await followed.assert_nothing_new()


async def test_a_file_saved_without_a_change_says_nothing(tmp_path: Path, follow) -> None:
    (tmp_path / "x.yaml").write_text(TWO)
    followed = follow(tmp_path)
    await followed.update()
    replace(tmp_path / "x.yaml", TWO)
    (tmp_path / "x.yaml").touch()
    (tmp_path / "x.yaml").write_bytes(TWO.replace("\n", "\r\n").encode())
    await followed.assert_nothing_new()


async def test_files_that_are_no_config_are_ignored(tmp_path: Path, follow) -> None:
    followed = follow(tmp_path)
    await followed.update()
    for name in [
        ".x.yaml",
        ".#x.yaml",
        "x.yaml~",
        ".x.yaml.swp",
        "4913",
        "README.md",
        ".git/x.yaml",
    ]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(TWO)
    os.mkfifo(tmp_path / "pipe.yaml")
    await followed.assert_nothing_new()


async def test_a_broken_file_keeps_its_good_documents(tmp_path: Path, follow) -> None:
    (tmp_path / "x.yaml").write_text(TWO)
    followed = follow(tmp_path, removal_grace=SHORT)
    await followed.update()
    (tmp_path / "x.yaml").write_text("a: 1\n---\nb: '\n")
    bundle = await followed.bundle()
    assert (bodies(bundle), bundle.complete) == ([{"a": 1}], False)
    assert bundle.problems[0].origin == f"{tmp_path}/x.yaml:3"
    (tmp_path / "x.yaml").write_text(TWO)
    bundle = await followed.bundle()
    assert (bodies(bundle), bundle.complete) == ([{"a": 1}, {"b": 2}], True)


@pytest.mark.parametrize("half", ["", "a: 1\n", "a: 1\n---\n", "a: 1\n---\nb:", "a: 1\n---\nb: '"])
async def test_a_file_that_is_written_in_two_goes_is_one_change(
    tmp_path: Path, follow, half: str
) -> None:
    (tmp_path / "x.yaml").write_text(TWO)
    followed = follow(tmp_path, removal_grace=LONG)
    await followed.update()
    with (tmp_path / "x.yaml").open("w") as file:
        file.write(half)
        file.flush()
        await followed.assert_nothing_new()
        file.seek(0)
        file.write(TWO + "---\nc: 3\n")
    assert bodies(await followed.bundle()) == [{"a": 1}, {"b": 2}, {"c": 3}]


async def test_a_file_that_is_deleted_and_made_again_changes_nothing(
    tmp_path: Path, follow
) -> None:
    (tmp_path / "x.yaml").write_text(TWO)
    followed = follow(tmp_path, removal_grace=LONG)
    await followed.update()
    (tmp_path / "x.yaml").unlink()
    await followed.assert_nothing_new()
    (tmp_path / "x.yaml").write_text(TWO)
    await followed.assert_nothing_new()


async def test_a_removed_file_is_gone_after_the_grace_time(tmp_path: Path, follow) -> None:
    (tmp_path / "x.yaml").write_text(TWO)
    followed = follow(tmp_path, removal_grace=SHORT)
    await followed.update()
    (tmp_path / "x.yaml").unlink()
    assert await followed.bundle() == Bundle("x.yaml")


async def test_an_emptied_file_keeps_its_objects_until_it_is_deleted(
    tmp_path: Path, follow
) -> None:
    (tmp_path / "x.yaml").write_text(TWO)
    followed = follow(tmp_path, removal_grace=SHORT)
    await followed.update()
    (tmp_path / "x.yaml").write_text("")
    bundle = await followed.bundle()
    assert ([problem.code for problem in bundle.problems], bundle.complete) == (
        ["empty-file"],
        False,
    )
    (tmp_path / "x.yaml").unlink()
    assert await followed.bundle() == Bundle("x.yaml")


async def test_a_renamed_file_is_one_update_without_a_gap(tmp_path: Path, follow) -> None:
    (tmp_path / "x.yaml").write_text(TWO)
    followed = follow(tmp_path, removal_grace=LONG)
    await followed.update()
    (tmp_path / "x.yaml").rename(tmp_path / "y.yaml")
    new, old = await followed.bundles()
    assert (new.key, bodies(new), old) == ("y.yaml", [{"a": 1}, {"b": 2}], Bundle("x.yaml"))


async def test_a_renamed_folder_is_one_update_without_a_gap(tmp_path: Path, follow) -> None:
    (tmp_path / "old").mkdir()
    for name in ["x.yaml", "y.yaml"]:
        (tmp_path / "old" / name).write_text(f"name: {name}\n")
    followed = follow(tmp_path, removal_grace=LONG)
    await followed.update()
    (tmp_path / "old").rename(tmp_path / "new")
    assert [bundle.key for bundle in await followed.bundles()] == [
        *("new/x.yaml", "new/y.yaml"),
        *("old/x.yaml", "old/y.yaml"),
    ]


async def test_a_removed_folder_takes_its_files_along(tmp_path: Path, follow) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "x.yaml").write_text(TWO)
    followed = follow(tmp_path, removal_grace=SHORT)
    await followed.update()
    (tmp_path / "old").rename(tmp_path.parent / f"{tmp_path.name}-elsewhere")
    assert await followed.bundle() == Bundle("old/x.yaml")


async def test_every_file_of_a_new_folder_is_emitted_once(tmp_path: Path, follow) -> None:
    followed = follow(tmp_path)
    await followed.update()
    (tmp_path / "new").mkdir()
    for number in range(20):
        (tmp_path / "new" / f"{number:02}.yaml").write_text(f"a: {number}\n")
    found: list[str] = []
    while len(found) < 20:
        found += [bundle.key for bundle in await followed.bundles()]
    assert sorted(found) == [f"new/{number:02}.yaml" for number in range(20)]


async def test_the_target_of_a_link_is_read_again_when_it_changes(tmp_path: Path, follow) -> None:
    folder, outside = tmp_path / "config", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    (outside / "x.yaml").write_text("a: 1\n")
    (folder / "x.yaml").symlink_to(outside / "x.yaml")
    (folder / "sub").symlink_to(outside)
    followed = follow(folder, rescan_interval=SHORT)
    assert [bundle.key for bundle in await followed.bundles()] == ["sub/x.yaml", "x.yaml"]
    replace(outside / "x.yaml", "a: 2\n")
    keys: set[str] = set()
    while keys != {"sub/x.yaml", "x.yaml"}:
        for bundle in await followed.bundles():
            assert bodies(bundle) == [{"a": 2}]
            keys.add(bundle.key)


async def test_a_link_to_a_folder_above_it_is_not_followed(tmp_path: Path, follow) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "up").symlink_to(tmp_path)
    (tmp_path / "x.yaml").write_text(TWO)
    followed = follow(tmp_path)
    assert (await followed.bundle()).key == "x.yaml"
    replace(tmp_path / "sub" / "up" / "x.yaml", TWO + "---\nc: 3\n")
    assert (await followed.bundle()).key == "x.yaml"
    await followed.assert_nothing_new()


async def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    source = FolderSource(tmp_path / "nowhere")
    with pytest.raises(ConfigFolderError, match="does not exist"):
        await source.run(lambda update: None)


async def test_a_file_instead_of_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(TWO)
    with pytest.raises(ConfigFolderError, match="is not a folder"):
        await FolderSource(tmp_path / "x.yaml").run(lambda update: None)


async def test_it_ends_when_it_is_cancelled(tmp_path: Path, follow) -> None:
    followed = follow(tmp_path)
    await followed.update()
    followed.task.cancel()
    async with asyncio.timeout(20):
        with pytest.raises(asyncio.CancelledError):
            await followed.task
