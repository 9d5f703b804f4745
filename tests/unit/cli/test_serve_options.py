"""`straightway serve`: what its options ask for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from straightway import app
from straightway.app import Options
from straightway.proxies.addresses import Address
from straightway.state import folder_for

OPTIONS = ("--state", "--no-state", "--vanish-grace", "--max-connection-age", "--root-namespace")


@pytest.fixture(autouse=True)
def _logs_stay_as_they_are(monkeypatch):
    monkeypatch.setattr("straightway.logs.configure", lambda *_: None)


@pytest.fixture
def served(monkeypatch) -> list[tuple[Address, Options]]:
    """What would have been served, instead of serving it."""
    calls: list[Any] = []

    async def serve(*arguments: Any) -> None:
        calls.append(arguments)

    monkeypatch.setattr(app, "serve", serve)
    return calls


def options_of(
    straightway: Any, served: list[tuple[Address, Options]], *arguments: object
) -> Options:
    run = straightway("serve", "--config", "configs", *arguments)

    assert run.code == 0, run.err
    [(_, options)] = served
    assert isinstance(options, Options)
    assert options.folder == Path("configs")
    return options


@pytest.mark.parametrize("option", OPTIONS)
def test_the_help_names_every_option(straightway, monkeypatch, option):
    monkeypatch.setenv("COLUMNS", "200")

    assert option in straightway("serve", "--help").out


def test_the_defaults(straightway, served, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    assert options_of(straightway, served) == Options(
        folder=Path("configs"),
        state=folder_for(tmp_path / "straightway", Path("configs")),
        vanish_grace=30.0,
        max_connection_age=None,
        root_namespace="istio-system",
    )


def test_each_config_folder_has_a_state_folder_of_its_own(straightway, served, tmp_path):
    for config in ("one", "two"):
        straightway("serve", "--config", config, "--state", tmp_path)

    one, two = (options.state for _, options in served)
    assert one != two
    assert one.parent == two.parent == tmp_path


def test_no_state_is_no_folder_and_no_warning(straightway, served):
    with capture_logs() as lines:
        assert options_of(straightway, served, "--no-state").state is None
    assert lines == []


def test_where_there_is_no_home_the_log_says_that_nothing_is_kept(straightway, served, monkeypatch):
    monkeypatch.setattr("straightway.state.default_root", lambda: None)

    with capture_logs() as lines:
        assert options_of(straightway, served).state is None
    [line] = lines
    assert (line["log_level"], line["event"]) == ("warning", "last good versions are not kept")
    assert "--state DIR" in line["remedy"]


@pytest.mark.parametrize(
    ("arguments", "field", "value"),
    [
        (["--vanish-grace", "0"], "vanish_grace", 0.0),
        (["--vanish-grace", "2.5"], "vanish_grace", 2.5),
        (["--max-connection-age", "1800"], "max_connection_age", 1800.0),
        (["--root-namespace", "mesh"], "root_namespace", "mesh"),
    ],
)
def test_an_option_is_taken(straightway, served, arguments, field, value):
    assert getattr(options_of(straightway, served, *arguments), field) == value


@pytest.mark.parametrize("name", ["Shop", "a_b", "a,b", "", "-a", "a" * 64])
def test_what_is_no_namespace_is_refused(straightway, served, name):
    run = straightway("serve", "--kubernetes", "--no-state", "--namespace", name)

    assert run.code == 2
    assert "is not the name of a namespace" in run.err
    assert served == []


@pytest.mark.parametrize(
    ("arguments", "write_status"),
    [([], None), (["--write-status"], True), (["--no-write-status"], False)],
)
def test_whether_status_is_written_is_decided_by_the_place_unless_it_is_said(
    straightway, served, arguments, write_status
):
    run = straightway("serve", "--kubernetes", "--no-state", *arguments)

    assert run.code == 0, run.err
    [(_, options)] = served
    assert options.cluster.write_status is write_status


def test_whoever_wants_status_written_needs_a_cluster(straightway, served):
    run = straightway("serve", "--config", "configs", "--write-status")

    assert run.code == 2
    assert "--write-status needs --kubernetes" in run.err
    assert served == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["--vanish-grace", "-1"],
        ["--vanish-grace", "nan"],
        ["--vanish-grace", "inf"],
        ["--vanish-grace", "soon"],
        ["--max-connection-age", "0"],
        ["--max-connection-age", "nan"],
        ["--max-connection-age", "1e300"],
        ["--state", "folder", "--no-state"],
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_is_refused_in_one_line(straightway, served, arguments):
    run = straightway("serve", "--config", "configs", *arguments)

    assert run.code == 2
    assert len(run.err.splitlines()) == 1
    assert "--" in run.err
    assert served == []
