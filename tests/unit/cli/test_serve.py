"""`straightway serve`: the ways in which it cannot begin. tests/envoy/ has the rest."""

from __future__ import annotations

import socket

import pytest


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


@pytest.mark.parametrize("option", ["--xds-address", "--health-address"])
def test_a_port_that_is_taken_is_one_line(straightway, tmp_path, option):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        # What is not under test takes any port.
        others = () if option == "--xds-address" else ("--xds-address", "127.0.0.1:0")

        run = straightway("serve", "--config", tmp_path, option, address, *others)

    assert run.code == 1
    assert run.err.splitlines()[-1] == (
        f"Error: Cannot listen on {address}: Address already in use. "
        f"Choose another address with {option} HOST:PORT."
    )
