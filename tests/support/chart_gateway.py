"""The gateway chart's Envoy, as a kubelet would run it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import yaml

from deploy.gateway_files import PORTS
from tests.support.charts import GATEWAY, container, only, render
from tests.support.envoy import EnvoyProcess
from tests.support.http import HttpClient
from tests.support.kube_client import Json
from tests.support.ports import free_port

XDS_PORT = 18443


def files_of(objects: list[Json]) -> dict[str, str]:
    return dict(only(objects, "ConfigMap")["data"])


class ChartGateway:
    """An Envoy run as a Pod of the chart runs it, but on ports and in folders of the test.

    `pod` has the variables that the kubelet gives the container. Without `folders`, by those of the
    Pod, the control plane at `xds` is without TLS.
    """

    def __init__(
        self,
        folder: Path,
        values: Json,
        xds: str,
        *,
        pod: Mapping[str, str],
        folders: Mapping[str, Path] | None = None,
    ) -> None:
        objects = render(GATEWAY, values, release="models", namespace=pod["POD_NAMESPACE"])
        self.ports = {port: free_port() for port in (15000, *PORTS.values())}
        self.files = {name: moved(text, folders or {}) for name, text in files_of(objects).items()}
        bootstrap = yaml.safe_load(self.files["bootstrap.yaml"])
        if folders is None:
            without_tls(bootstrap)
        self.envoy = EnvoyProcess("gateway", localized(bootstrap, self.ports, xds), folder)
        self.envoy.command += arguments_of(container(objects), pod)
        self.probe = container(objects)["readinessProbe"]["httpGet"]["path"]
        self.hook = container(objects)["lifecycle"]["preStop"]["httpGet"]

    def get(self, port: int, path: str) -> int:
        """The status of a GET at a port of the chart."""
        with closing(HttpClient(self.ports[port])) as client:
            return client.send(path).status


def moved(text: str, folders: Mapping[str, Path]) -> str:
    # The longest first: one of the folders begins like another.
    for folder in sorted(folders, key=len, reverse=True):
        text = re.sub(rf"{folder}(?![\w-])", str(folders[folder]), text)
    return text


def without_tls(bootstrap: Json) -> None:
    """Leave TLS out, for a control plane without it."""
    xds = bootstrap["static_resources"]["clusters"][0]
    del xds["transport_socket"]
    for options in xds["typed_extension_protocol_options"].values():
        del options["http_filters"]


def localized(bootstrap: Json, ports: dict[int, int], xds: str) -> Json:
    host, _, port = xds.rpartition(":")

    def at(node: Any) -> Any:
        if isinstance(node, list):
            return [at(item) for item in node]
        if not isinstance(node, dict):
            return node
        if node.get("port_value") in ports:
            return {"address": "127.0.0.1", "port_value": ports[node["port_value"]]}
        if node.get("port_value") == XDS_PORT:
            return {"address": host, "port_value": int(port)}
        return {name: at(value) for name, value in node.items()}

    result: Json = at(bootstrap)
    return result


def arguments_of(envoy: Json, pod: Mapping[str, str]) -> list[str]:
    """The container's arguments as a kubelet passes them, without those that the test sets."""
    assert {entry["name"] for entry in envoy["env"]} == set(pod)
    arguments = [re.sub(r"\$\((\w+)\)", lambda name: pod[name[1]], text) for text in envoy["args"]]
    for name in ("--config-path", "--concurrency", "--log-level"):
        at = arguments.index(name)
        del arguments[at : at + 2]
    return arguments
