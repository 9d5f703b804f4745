"""The tutorial in a cluster: its objects as they lie in the repository, and slices for its Pods."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

from tests.support.kube_client import Json

NAMESPACE = "modelmesh-serving"


def documents(folder: Path) -> Iterator[Json]:
    """Yield all objects of a folder of YAML, file by file."""
    for file in sorted(folder.iterdir()):
        yield from yaml.safe_load_all(file.read_text())


def tutorial_slice(name: str, port: int, address: str) -> Json:
    """Return a slice for one Pod: its port is its own, because all share this machine's address."""
    target = {"kind": "Pod", "name": name, "namespace": NAMESPACE}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "labels": {"kubernetes.io/service-name": "modelmesh-serving"},
        },
        "addressType": "IPv4",
        "ports": [{"name": "grpc", "port": port, "protocol": "TCP"}],
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}, "targetRef": target}],
    }
