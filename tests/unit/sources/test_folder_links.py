"""Links in the folder: followed, each folder once, whatever they lead to."""

from __future__ import annotations

from pathlib import Path

import pytest

from straightway.sources import files, read_path


def keys(folder: Path) -> list[str]:
    return [bundle.key for bundle in read_path(folder)]


def test_folders_that_are_linked_to_each_other_are_each_visited_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"{number:02}" for number in range(20)]
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.yaml").write_text(f"a: {name}\n")
        for other in names:
            if other != name:
                (tmp_path / name / f"to-{other}").symlink_to(f"../{other}")
    listed: list[Path] = []
    visible = files._visible

    def counting(folder: Path):
        listed.append(folder)
        return visible(folder)

    monkeypatch.setattr(files, "_visible", counting)
    assert keys(tmp_path) == [f"{name}/x.yaml" for name in names]
    assert len(listed) == 1 + len(names)


def test_a_folder_has_its_own_name_though_a_link_to_it_comes_first(tmp_path: Path) -> None:
    (tmp_path / "z").mkdir()
    (tmp_path / "z" / "x.yaml").write_text("a: 1\n")
    (tmp_path / "a").symlink_to("z")
    assert keys(tmp_path) == ["z/x.yaml"]


def test_a_folder_elsewhere_has_the_name_of_the_first_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x.yaml").write_text("a: 1\n")
    (tmp_path / "config" / "sub").mkdir(parents=True)
    (tmp_path / "config" / "b").symlink_to("../elsewhere")
    (tmp_path / "config" / "a").symlink_to("../elsewhere")
    (tmp_path / "config" / "sub" / "0").symlink_to("../../elsewhere")
    assert keys(tmp_path / "config") == ["a/x.yaml"]


def test_folders_may_be_nested_deeper_than_python_calls(tmp_path: Path) -> None:
    folders = [tmp_path]
    for _ in range(1500):
        folders.append(folders[-1] / "d")
        folders[-1].mkdir()
    (folders[-1] / "x.yaml").write_text("a: 1\n")
    try:
        assert len(keys(tmp_path)) == 1
    finally:
        # Python's own way to remove a tree would be too deep.
        (folders[-1] / "x.yaml").unlink()
        for folder in reversed(folders[1:]):
            folder.rmdir()


@pytest.mark.parametrize(
    ("name", "code"), [("x.yaml", "unreadable-file"), ("x", "unreadable-folder")]
)
async def test_a_link_to_itself_is_a_problem_and_no_more(
    tmp_path: Path, follow, name: str, code: str
) -> None:
    (tmp_path / "good.yaml").write_text("a: 1\n")
    followed = follow(tmp_path, removal_grace=0.05)
    await followed.update()
    (tmp_path / name).symlink_to(name)
    bundle = await followed.bundle()
    [problem] = bundle.problems
    assert problem.code == code
    assert "symbolic links" in problem.message
    (tmp_path / "good.yaml").write_text("a: 2\n")
    assert [document.body for document in (await followed.bundle()).documents] == [{"a": 2}]
    (tmp_path / name).unlink()
    gone = await followed.bundle()
    assert (gone.problems, gone.complete) == ((), True)


async def test_a_link_to_itself_is_a_problem_from_the_start(tmp_path: Path, follow) -> None:
    (tmp_path / "good.yaml").write_text("a: 1\n")
    (tmp_path / "x.yaml").symlink_to("x.yaml")
    good, bad = await follow(tmp_path).bundles()
    assert (good.key, bad.key, bad.complete) == ("good.yaml", "x.yaml", False)


@pytest.mark.parametrize("make", ["file", "folder"])
async def test_what_stood_behind_a_link_that_leads_nowhere_is_kept(
    tmp_path: Path, follow, make: str
) -> None:
    mounted, folder = tmp_path / "mounted", tmp_path / "config"
    mounted.mkdir()
    folder.mkdir()
    (mounted / "x.yaml").write_text("a: 1\n")
    link, target = (
        (folder / "x.yaml", mounted / "x.yaml") if make == "file" else (folder / "sub", mounted)
    )
    link.symlink_to(target)
    followed = follow(folder, removal_grace=0.05, rescan_interval=0.05)
    await followed.update()

    mounted.rename(tmp_path / "unmounted")

    bundle = await followed.bundle()
    [problem] = bundle.problems
    assert problem.code == f"unreadable-{make}"
    assert f"it is a link to {target}, which does not exist" in problem.message
    (tmp_path / "unmounted").rename(mounted)
    back = await followed.bundle()
    assert (back.problems, back.complete) == ((), True)
    link.unlink()
    assert (await followed.bundle()).documents == ()


def test_a_link_of_another_name_that_leads_nowhere_may_be_a_folder(tmp_path: Path) -> None:
    (tmp_path / "sub").symlink_to("nowhere")
    (tmp_path / ".#x.yaml").symlink_to("an-editor@host.1")
    [bundle] = read_path(tmp_path)
    assert [problem.code for problem in bundle.problems] == ["unreadable-folder"]
