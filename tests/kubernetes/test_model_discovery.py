"""A ModelDiscovery in a cluster: its runtimes are asked, and its status says what they hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from straightway.schemas import definitions
from tests.support.cluster_control_plane import ClusterControlPlane
from tests.support.kube import KubeServer
from tests.support.kube_client import KubeError
from tests.support.model_runtime import ModelRuntime
from tests.support.waiting import eventually

Json = dict[str, Any]
HOST = "runtimes.example.com"


@pytest.fixture
def running(kube: KubeServer) -> Iterator[ExitStack]:
    kube.install_crds(definitions())
    with ExitStack() as stack:
        yield stack


def discovery(namespace: str, **spec: Any) -> Json:
    return {
        "apiVersion": "straightway.dev/v1alpha1",
        "kind": "ModelDiscovery",
        "metadata": {"name": "pool", "namespace": namespace},
        "spec": {"service": HOST, "key": "model", "port": "http", "interval": "100ms", **spec},
    }


def entry(namespace: str, *runtimes: ModelRuntime) -> Json:
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "ServiceEntry",
        "metadata": {"name": "runtimes", "namespace": namespace},
        "spec": {
            "hosts": [HOST],
            "resolution": "STATIC",
            "ports": [{"name": "http", "number": 80, "protocol": "HTTP"}],
            "endpoints": [
                {"address": "127.0.0.1", "ports": {"http": each.port}} for each in runtimes
            ],
        },
    }


def status(kube: KubeServer, namespace: str) -> Json:
    found: Json = kube.read(discovery(namespace)).get("status", {})
    return found


def test_the_status_says_what_runtimes_hold_and_who_does_not_answer(
    kube: KubeServer, namespace: str, running: ExitStack, tmp_path: Path
) -> None:
    first, second = (
        running.enter_context(closing(ModelRuntime(name, name, "shared")))
        for name in ("iris", "wine")
    )
    kube.apply(entry(namespace, first, second), discovery(namespace))
    plane = ClusterControlPlane(kube, namespace, tmp_path)
    running.callback(plane.close)
    plane.start()

    def counts() -> tuple[int, int, int] | None:
        found = status(kube, namespace)
        if "runtimes" not in found:
            return None
        runtimes = found["runtimes"]
        return runtimes["asked"], runtimes["answering"], found["models"]["ready"]

    eventually(lambda: counts() == (2, 2, 3), what="both runtimes and three models")
    assert status(kube, namespace)["runtimes"]["apis"] == ["triton"]
    conditions = {each["type"]: each for each in status(kube, namespace)["conditions"]}
    assert set(conditions) == {"Accepted", "ResolvedRefs"}
    assert conditions["Accepted"]["status"] == "True"

    second.load("rose", state="LOADING")
    eventually(
        lambda: status(kube, namespace)["models"]["loading"] == 1, what="a model that is loading"
    )
    second.answers.clear()
    kube.apply(discovery(namespace, timeout="100ms", staleAfter="1s"))
    eventually(lambda: counts() == (2, 1, 2), what="one does not answer, and holds nothing")
    [error] = status(kube, namespace)["runtimes"]["errors"]
    assert str(second.port) in error["name"]

    def accepted() -> str:
        conditions = {each["type"]: each for each in status(kube, namespace)["conditions"]}
        return str(conditions["Accepted"]["message"])

    eventually(lambda: "does not answer" in accepted(), what="a warning in Accepted", seconds=40)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"api": "tritn"}, "spec.api"),
        ({"interval": "0"}, "spec.interval"),
        ({"port": 1.5}, "spec.port"),
        ({"servise": "a"}, "servise"),
    ],
)
def test_the_schema_refuses_what_is_wrong(
    kube: KubeServer, namespace: str, running: ExitStack, spec: Json, words: str
) -> None:
    with pytest.raises(KubeError, match=words):
        kube.create(discovery(namespace, **spec))
