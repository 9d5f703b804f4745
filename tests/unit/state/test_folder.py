"""The state folder is kept true while the server runs, and trouble with it is one warning."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from straightway.documents import Reference
from straightway.intake import LastGood, Place, Slot
from straightway.state import StateFolder, default_root, folder_for
from straightway.state import folder as module
from straightway.state.journal import encode

PLACE = Place("folder", "web.yaml")
SLOT = Slot(Reference("", "Service", "default", "web"), 0)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(module, "WRITE_INTERVAL", 0.0)
    monkeypatch.setattr(module, "RETRY_INTERVAL", 0.0)


@asynccontextmanager
async def kept(folder: StateFolder, state: LastGood) -> AsyncIterator[None]:
    """Keep the state, and in the end stop as the server does."""
    task = asyncio.create_task(folder.keep(state))
    try:
        await asyncio.sleep(0)
        yield
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that a thread does."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 (threads set no asyncio events)
            await asyncio.sleep(0)


async def written(state: LastGood) -> None:
    """Wait until everything has been taken to be written."""
    await until(lambda: not state.is_changed)


def found(folder: Path) -> Mapping[Slot, object]:
    """What the next run finds of the one bundle."""
    encoded = StateFolder(folder).open().recall(PLACE)
    return {} if not encoded else {SLOT: encoded}


def body(port: int) -> dict[str, int]:
    return {"port": port}


def expected(port: int) -> dict[Slot, bytes]:
    return {SLOT: encode([(SLOT, body(port))])[0]}


async def test_what_changed_is_there_for_the_next_run(tmp_path):
    folder = StateFolder(tmp_path / "a" / "state")
    state = folder.open()
    async with kept(folder, state):
        state.put(PLACE, SLOT, body(1))
        await written(state)
        state.put(PLACE, SLOT, body(2))

    assert found(tmp_path / "a" / "state") == expected(2)


async def test_what_is_gone_is_not_there_any_more(tmp_path):
    folder = StateFolder(tmp_path / "state")
    state = folder.open()
    async with kept(folder, state):
        state.put(PLACE, SLOT, body(1))
        await written(state)
        state.drop(PLACE, SLOT)

    assert found(tmp_path / "state") == {}


async def test_more_bundles_than_are_collected_at_a_time_are_all_written(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_MOST", 2)
    places = [Place("folder", f"{number}.yaml") for number in range(7)]
    for port in (1, 2):
        folder = StateFolder(tmp_path / "state")
        state = folder.open()
        async with kept(folder, state):
            for place in places:
                state.put(place, SLOT, body(port))

    state = StateFolder(tmp_path / "state").open()
    assert {state.recall(place) for place in places} == {expected(2)[SLOT]}


async def test_the_folder_is_the_users_own(tmp_path):
    folder = StateFolder(tmp_path / "state")
    async with kept(folder, folder.open()):
        pass

    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


async def test_a_folder_that_cannot_be_made_is_one_warning(tmp_path):
    (tmp_path / "file").write_text("")
    folder = StateFolder(tmp_path / "file" / "state")

    with capture_logs() as lines:
        state = folder.open()
        async with kept(folder, state):
            for port in range(3):
                state.put(PLACE, SLOT, body(port))
                await asyncio.sleep(0)

    assert [(line["event"], line["log_level"]) for line in lines] == [
        ("last good versions are not kept", "warning")
    ]
    assert lines[0]["reason"] == "Not a directory"
    assert "--state DIR" in lines[0]["remedy"]


async def test_a_folder_removed_while_it_is_kept_is_made_again(tmp_path):
    folder = StateFolder(tmp_path / "state")
    state = folder.open()
    with capture_logs() as lines:
        async with kept(folder, state):
            state.put(PLACE, SLOT, body(1))
            await written(state)
            for file in (tmp_path / "state").iterdir():
                file.unlink()
            (tmp_path / "state").rmdir()
            state.put(PLACE, SLOT, body(2))
            await until((tmp_path / "state" / "last-good.journal").exists)

    assert len(lines) == 1
    assert found(tmp_path / "state") == expected(2)


async def test_a_journal_of_another_version_is_a_warning_and_replaced(tmp_path):
    (tmp_path / "last-good.journal").write_text("straightway last-good 99\n")
    folder = StateFolder(tmp_path)

    with capture_logs() as lines:
        state = folder.open()
    async with kept(folder, state):
        state.put(PLACE, SLOT, body(1))

    assert len(lines) == 1
    assert "another version" in lines[0]["reason"]
    assert found(tmp_path) == expected(1)


async def test_a_second_process_reads_and_takes_over_when_the_first_ends(tmp_path):
    first, second = StateFolder(tmp_path), StateFolder(tmp_path)
    state = first.open()
    async with kept(first, state):
        state.put(PLACE, SLOT, body(1))
        await written(state)
        with capture_logs() as lines:
            other = second.open()
        state.put(PLACE, SLOT, body(2))
    assert len(lines) == 1
    assert "another process" in lines[0]["reason"]

    async with kept(second, other):
        other.recall(PLACE)
        other.put(PLACE, SLOT, body(3))

    assert found(tmp_path) == expected(3)


def test_each_config_folder_has_its_own(tmp_path):
    names = {folder_for(tmp_path, Path(path)) for path in ("/a/config", "/b/config", "/b/%$", "/")}

    assert len(names) == 4
    assert all(name.parent == tmp_path for name in names)
    assert folder_for(tmp_path, Path("/a/config")).name.startswith("config-")


@pytest.mark.parametrize("path", ["config", "./config/", "../here/config", "other/../config"])
def test_a_config_folder_has_the_same_however_it_is_named(tmp_path, monkeypatch, path):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    assert folder_for(tmp_path, Path(path)) == folder_for(tmp_path, tmp_path / "here" / "config")


def test_a_link_that_each_release_points_elsewhere_has_the_same(tmp_path):
    link, found = tmp_path / "current", []
    for release in ("1", "2"):
        link.unlink(missing_ok=True)
        (tmp_path / release).mkdir()
        link.symlink_to(release)
        found.append(folder_for(tmp_path, link))

    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("variable", "root"),
    [("/var/state", "/var/state"), ("", "/home/a/.local/state"), ("x", "/home/a/.local/state")],
)
def test_the_state_is_where_the_system_wants_it(monkeypatch, variable, root):
    monkeypatch.setenv("XDG_STATE_HOME", variable)
    monkeypatch.setenv("HOME", "/home/a")

    assert default_root() == Path(root) / "straightway"


def test_without_a_home_there_is_no_place_for_it(monkeypatch):
    def fail() -> Path:
        raise RuntimeError("no home")

    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", fail)

    assert default_root() is None
