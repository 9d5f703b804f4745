"""`straightway serve`: the ways in which it cannot begin. tests/envoy/ has the rest."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from straightway.state import folder_for


@pytest.fixture(autouse=True)
def _logs_stay_as_they_are(monkeypatch):
    monkeypatch.setattr("straightway.logs.configure", lambda *_: None)


def test_a_folder_that_does_not_exist_is_one_line(straightway, tmp_path):
    run = straightway("serve", "--config", tmp_path / "missing")

    assert run.code == 2
    assert len(run.err.splitlines()) == 1
    assert f"The config folder {tmp_path / 'missing'} does not exist" in run.err


def test_a_file_is_no_folder(straightway, tmp_path):
    (tmp_path / "file.yaml").write_text("")

    run = straightway("serve", "--config", tmp_path / "file.yaml")

    assert run.code == 2
    assert len(run.err.splitlines()) == 1


def test_a_port_that_is_taken_is_one_line(straightway, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"

        run = straightway("serve", "--config", tmp_path, "--xds-address", address)

    assert run.code == 1
    assert run.err.splitlines()[-1].startswith(
        f"Error: Cannot listen on {address}: Address already in use."
    )


@pytest.fixture
def kept_in(monkeypatch, straightway, tmp_path):
    """Where `serve` keeps its state with these options, and for how long it holds things."""

    async def remember(config, address, *, state, grace):
        seen.append((state, grace))

    seen: list[tuple[Path | None, float]] = []

    def run(*options: object) -> tuple[Path | None, float]:
        monkeypatch.setattr("straightway.app.serve", remember)
        assert straightway("serve", "--config", tmp_path, *options).code == 0
        return seen[-1]

    return run


def test_the_state_is_under_the_users_state_directory(kept_in, tmp_path):
    folder, grace = kept_in()

    assert folder == folder_for(Path(os.environ["XDG_STATE_HOME"]) / "straightway", tmp_path)
    assert grace == 30.0


def test_the_state_can_be_moved_and_turned_off(kept_in, tmp_path):
    moved, _ = kept_in("--state", tmp_path / "elsewhere")

    assert moved == folder_for(tmp_path / "elsewhere", tmp_path)
    assert kept_in("--no-state")[0] is None


def test_the_grace_time_is_an_option(kept_in, straightway, tmp_path):
    assert kept_in("--vanish-grace", "0")[1] == 0
    assert straightway("serve", "--config", tmp_path, "--vanish-grace", "-1").code == 2
