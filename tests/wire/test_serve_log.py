"""What the log of `straightway serve` says when config changes and vanishes."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from tests.support.config_folder import ConfigFolder
from tests.support.configs import service
from tests.support.control_plane import ControlPlane
from tests.support.waiting import eventually


def test_changes_and_what_is_given_up_are_named(tmp_path: Path) -> None:
    config = ConfigFolder(tmp_path / "config")
    config.write("web.yaml", service("web", "{name: http, port: 80}"))
    with closing(ControlPlane(config, tmp_path, "--vanish-grace", "0.5")) as control_plane:
        control_plane.start()
        eventually(lambda: control_plane.logs("config in force"), what="config is in force")

        config.write("api.yaml", service("api", "{name: http, port: 80}"))
        eventually(lambda: control_plane.logs("config changed", added=1), what="the change is told")
        config.remove("web.yaml")
        config.remove("api.yaml")
        eventually(lambda: control_plane.logs("config changed", removed=2), what="both are gone")

        (added, removed) = control_plane.logs("config changed")
        (warning,) = control_plane.logs("vanished objects removed")
    assert added["objects"] == ["added Service default/api"]
    assert removed["objects"] == ["removed Service default/api", "removed Service default/web"]
    assert (warning["removed"], warning["reason"]) == ("2 Services", "missing for 0.5 s")
