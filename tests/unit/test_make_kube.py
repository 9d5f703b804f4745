"""`make kube`, with a Go that only notes what it is asked to build."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "kubernetes" / "binaries" / "build.sh"
PROGRAMS = ["etcd", "kube-apiserver", "kubectl", "kube-controllers", "helm"]

_GO = """#!/bin/sh
case "$1" in
env) echo {version} ;;
build)
    while [ "$1" != -o ]; do shift; done
    echo "$3" >>{calls}
    echo >"$2"
    chmod +x "$2"
    ;;
esac
"""


class MakeKube:
    """Runs the script with a cache, a Go and assets of a test's own."""

    def __init__(self, folder: Path) -> None:
        self.assets = folder / "assets"
        self._cache = folder / "cache"
        self._path = folder / "path"
        self._calls = folder / "calls"
        self.assets.mkdir()
        self._path.mkdir()

    @property
    def bin(self) -> Path:
        return self._cache / "straightway" / "kube" / "bin"

    def install_go(self, version: str) -> None:
        go = self._path / "go"
        go.write_text(_GO.format(version=version, calls=self._calls))
        go.chmod(0o755)

    def run(self) -> tuple[int, str, list[str]]:
        """Return the exit code, the output, and the packages that were built."""
        self._calls.write_text("")
        environment = {
            "PATH": f"{self._path}:{os.environ['PATH']}",
            "XDG_CACHE_HOME": str(self._cache),
            "KUBEBUILDER_ASSETS": str(self.assets),
        }
        done = subprocess.run(
            [SCRIPT], env=environment, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr, self._calls.read_text().split()


@pytest.fixture
def make_kube(tmp_path: Path) -> MakeKube:
    return MakeKube(tmp_path)


def test_every_program_is_built_once(make_kube: MakeKube) -> None:
    make_kube.install_go("go1.99.0")
    code, _, built = make_kube.run()
    assert (code, len(built)) == (0, len(PROGRAMS))
    assert all(os.access(make_kube.bin / program, os.X_OK) for program in PROGRAMS)

    code, output, built = make_kube.run()
    assert (code, built) == (0, [])
    assert output.count("current") == len(PROGRAMS)


def test_a_program_that_is_lost_or_of_another_recipe_is_built_again(make_kube: MakeKube) -> None:
    make_kube.install_go("go1.99.0")
    make_kube.run()
    (make_kube.bin / "helm").unlink()
    (make_kube.bin / ".etcd.stamp").write_text("another")
    assert make_kube.run()[2] == ["./etcd", "helm.sh/helm/v3/cmd/helm"]


def test_a_new_go_builds_nothing_again(make_kube: MakeKube) -> None:
    make_kube.install_go("go1.99.0")
    make_kube.run()
    make_kube.install_go("go1.99.1")
    assert make_kube.run()[2] == []


def test_an_old_go_is_told_what_is_needed(make_kube: MakeKube) -> None:
    make_kube.install_go("go1.9.7")
    code, output, built = make_kube.run()
    assert (code, built) == (1, [])
    assert "etcd needs Go 1.26.0 or newer (https://go.dev/dl) to be built; found: 1.9.7" in output


def test_programs_of_the_assets_are_not_built(make_kube: MakeKube) -> None:
    make_kube.install_go("go1.99.0")
    for program in ("etcd", "kube-apiserver", "kubectl"):
        asset = make_kube.assets / program
        asset.write_text("")
        asset.chmod(0o755)
    code, output, built = make_kube.run()
    assert (code, built) == (0, ["./controllers", "helm.sh/helm/v3/cmd/helm"])
    assert f"kubectl: found in {make_kube.assets}" in output
