"""A ConfigMap as Kubernetes mounts it: `x.yaml -> ..data/x.yaml`, `..data -> ..2024_…/`."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from straightway.documents import Bundle

LONG, SHORT = 60.0, 0.05


class ConfigMap:
    """A mounted ConfigMap, updated in the same steps as kubelet's atomic writer."""

    def __init__(self, folder: Path, files: Mapping[str, str]) -> None:
        self._folder = folder
        self._versions = itertools.count()
        self.update(files)

    def update(self, files: Mapping[str, str]) -> None:
        before = (self._folder / "..data").resolve()
        version = self._folder / f"..2024_{next(self._versions)}"
        version.mkdir()
        for name, text in files.items():
            (version / name).parent.mkdir(parents=True, exist_ok=True)
            (version / name).write_text(text)
        (self._folder / "..data_tmp").symlink_to(version.name)
        (self._folder / "..data_tmp").rename(self._folder / "..data")
        for name in {name.split("/")[0] for name in files}:
            if not (self._folder / name).is_symlink():
                (self._folder / name).symlink_to(f"..data/{name}")
        for visible in self._folder.iterdir():
            if visible.is_symlink() and not visible.exists():
                visible.unlink()
        if before.name.startswith("..2024_"):
            shutil.rmtree(before)


@pytest.fixture
def mounted(tmp_path: Path) -> ConfigMap:
    return ConfigMap(tmp_path, {"a.yaml": "a: 1\n", "b.yaml": "b: 1\n", "readme": "x"})


def seen(bundles: list[Bundle]) -> dict[str, list[object]]:
    assert len({bundle.key for bundle in bundles}) == len(bundles)
    return {bundle.key: [document.body for document in bundle.documents] for bundle in bundles}


async def test_each_file_is_read_once_by_its_visible_name(
    tmp_path: Path, mounted: ConfigMap, follow
) -> None:
    bundles = await follow(tmp_path).bundles()
    assert seen(bundles) == {"a.yaml": [{"a": 1}], "b.yaml": [{"b": 1}]}
    assert bundles[0].documents[0].origin.at() == f"{tmp_path}/a.yaml:1"


async def test_a_swap_emits_each_changed_file_once(
    tmp_path: Path, mounted: ConfigMap, follow
) -> None:
    followed = follow(tmp_path)
    await followed.update()
    for number in range(2, 6):
        mounted.update({"a.yaml": f"a: {number}\n", "b.yaml": "b: 1\n"})
        assert seen(await followed.bundles()) == {"a.yaml": [{"a": number}]}
    mounted.update({"a.yaml": "a: 6\n", "b.yaml": "b: 6\n"})
    assert seen(await followed.bundles()) == {"a.yaml": [{"a": 6}], "b.yaml": [{"b": 6}]}
    await followed.assert_nothing_new()


async def test_a_swap_that_changes_nothing_says_nothing(
    tmp_path: Path, mounted: ConfigMap, follow
) -> None:
    followed = follow(tmp_path)
    await followed.update()
    mounted.update({"a.yaml": "a: 1\n", "b.yaml": "b: 1\n"})
    await followed.assert_nothing_new()


async def test_a_key_that_is_added_is_a_file_that_is_added(
    tmp_path: Path, mounted: ConfigMap, follow
) -> None:
    followed = follow(tmp_path)
    await followed.update()
    mounted.update({"a.yaml": "a: 1\n", "b.yaml": "b: 1\n", "c.yaml": "c: 1\n"})
    assert seen(await followed.bundles()) == {"c.yaml": [{"c": 1}]}


async def test_a_key_that_is_removed_is_a_file_that_is_removed(
    tmp_path: Path, mounted: ConfigMap, follow
) -> None:
    followed = follow(tmp_path, removal_grace=SHORT)
    await followed.update()
    mounted.update({"b.yaml": "b: 1\n"})
    assert await followed.bundle() == Bundle("a.yaml")


async def test_a_key_that_is_renamed_is_one_update_without_a_gap(
    tmp_path: Path, mounted: ConfigMap, follow
) -> None:
    followed = follow(tmp_path, removal_grace=LONG)
    await followed.update()
    mounted.update({"c.yaml": "a: 1\n", "b.yaml": "b: 1\n"})
    found = await followed.bundles()
    if len(found) == 1:  # kubelet removes the old name a little later
        found += await followed.bundles()
    assert [bundle.key for bundle in found] == ["c.yaml", "a.yaml"]


async def test_a_configmap_that_was_empty_is_followed_too(tmp_path: Path, follow) -> None:
    mounted = ConfigMap(tmp_path, {})
    followed = follow(tmp_path)
    await followed.update()
    mounted.update({"a.yaml": "a: 1\n"})
    assert seen(await followed.bundles()) == {"a.yaml": [{"a": 1}]}
    mounted.update({"a.yaml": "a: 2\n"})
    assert seen(await followed.bundles()) == {"a.yaml": [{"a": 2}]}


async def test_files_in_folders_of_a_projected_volume_are_followed(tmp_path: Path, follow) -> None:
    mounted = ConfigMap(tmp_path, {"sub/a.yaml": "a: 1\n", "sub/b.yaml": "b: 1\n"})
    followed = follow(tmp_path)
    assert set(seen(await followed.bundles())) == {"sub/a.yaml", "sub/b.yaml"}
    mounted.update({"sub/a.yaml": "a: 2\n", "sub/b.yaml": "b: 1\n"})
    assert seen(await followed.bundles()) == {"sub/a.yaml": [{"a": 2}]}
