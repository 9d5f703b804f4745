"""Which cluster is read, and whether status is written to its objects."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from straightway.cluster import Cluster
from straightway.kubernetes import credentials

ELSEWHERE = [Cluster(kubeconfig=Path("config")), Cluster(context="test")]


@pytest.fixture
def in_pod(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("token")
    monkeypatch.setattr(credentials, "SERVICE_ACCOUNT", tmp_path)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)


@pytest.mark.usefixtures("in_pod")
def test_status_is_written_in_the_cluster_around_the_pod_and_in_no_other():
    assert Cluster().writes_status
    assert not any(each.writes_status for each in ELSEWHERE)


@pytest.mark.usefixtures("outside")
def test_outside_of_a_pod_no_status_is_written():
    assert not any(each.writes_status for each in (Cluster(), *ELSEWHERE))


@pytest.mark.parametrize("place", ["in_pod", "outside"])
@pytest.mark.parametrize("said", [True, False])
def test_whoever_says_so_has_it_so(place: str, said: bool, request: pytest.FixtureRequest):
    request.getfixturevalue(place)
    assert Cluster(write_status=said).writes_status is said


def announced(cluster: Cluster) -> list[str]:
    with capture_logs() as lines:
        cluster.announce("https://cluster.example")
    assert lines[0]["server"] == "https://cluster.example"
    return [f"{line['event']}: {line.get('remedy', '')}" for line in lines[1:]]


@pytest.mark.usefixtures("outside")
def test_that_nothing_is_written_by_default_is_said_with_the_option_that_writes():
    [line] = announced(Cluster())
    assert line.startswith("status is not written: ")
    assert "--write-status" in line
    assert announced(Cluster(write_status=False)) == []
    assert announced(Cluster(write_status=True)) == []


@pytest.mark.usefixtures("in_pod")
def test_in_a_pod_there_is_nothing_to_say():
    assert announced(Cluster()) == []


def test_what_of_the_cluster_is_read_is_said_if_it_is_not_all():
    with capture_logs() as lines:
        Cluster(namespaces=("shop",), write_status=True).announce("https://cluster.example")
        Cluster(revision="blue", write_status=True).announce("https://cluster.example")
    assert [line.get("namespaces") for line in lines] == [["shop"], None]
    assert [line.get("revision") for line in lines] == [None, "blue"]
