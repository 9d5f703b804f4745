"""What `straightway serve` keeps in force over a restart that cannot read all of its config."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from tests.support.config_folder import ConfigFolder
from tests.support.configs import service
from tests.support.control_plane import ControlPlane
from tests.support.waiting import eventually


@pytest.mark.parametrize("entry", ["sub", "web.yaml"])
def test_what_stood_in_a_volume_that_is_not_mounted_any_more_is_in_force(
    tmp_path: Path, entry: str
) -> None:
    config, volume = ConfigFolder(tmp_path / "config"), ConfigFolder(tmp_path / "volume")
    config.write("api.yaml", service("api", "{name: http, port: 80}"))
    written = volume.write("web.yaml", service("web", "{name: http, port: 80}"))
    link = config.path / entry
    link.symlink_to(volume.path if entry == "sub" else written)
    with closing(ControlPlane(config, tmp_path)) as control_plane:
        control_plane.start()
        eventually(lambda: control_plane.logs("config in force", services=2), what="both serve")
        control_plane.stop()

        volume.path.rename(tmp_path / "not-mounted")
        control_plane.start()
        eventually(
            lambda: len(control_plane.logs("config in force", services=2)) == 2,
            what="both serve again",
        )

        (problem,) = control_plane.logs("problem")
    assert problem["at"].startswith(str(link))
    assert "stays in force." in problem["message"]
