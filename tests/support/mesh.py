"""A whole mesh on 127.0.0.1: a config folder, its control plane, Envoys, and workloads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from straightway.proxies.bootstrap import Node
from tests.support.config_folder import ConfigFolder
from tests.support.control_plane import ControlPlane
from tests.support.envoy import GATEWAY_ID, GATEWAY_LABELS, EnvoyProcess
from tests.support.http import HttpClient
from tests.support.inference import GrpcClient, GrpcUpstream
from tests.support.objects import gateway, gateway_service, workload_entry
from tests.support.ports import free_port
from tests.support.processes import ManagedProcess
from tests.support.upstreams import HttpUpstream

Upstream = HttpUpstream | GrpcUpstream
NAMESPACE = "default"


class Mesh:
    """Everything that a test starts; it stops when the context exits.

    `options` are further ones of `straightway serve`. Without `reads_folder`, it does not read the
    config folder: they say what to read instead.
    """

    def __init__(
        self,
        folder: Path,
        *,
        delta: bool = True,
        options: Sequence[str] = (),
        reads_folder: bool = True,
    ) -> None:
        self.config = ConfigFolder(folder / "config")
        self.processes: list[ManagedProcess] = []
        self._folder = folder
        self._delta = delta
        self._options = options
        self._reads_folder = reads_folder
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._stack:
            for process in reversed(self.processes):
                process.close()

    # Processes.

    @cached_property
    def control_plane(self) -> ControlPlane:
        """The control plane over `config`, started on first access."""
        config = self.config if self._reads_folder else None
        control_plane = ControlPlane(config, self._folder, *self._options)
        self.processes.append(control_plane)
        control_plane.start()
        return control_plane

    def start_envoy(
        self,
        node_id: str = GATEWAY_ID,
        labels: Mapping[str, str] = GATEWAY_LABELS,
        *,
        metadata: Mapping[str, str] | None = None,
        name: str = "gateway",
    ) -> EnvoyProcess:
        """Start an Envoy of the control plane, by default a gateway."""
        node = Node(node_id, labels, metadata or {})
        address = self.control_plane.address
        envoy = EnvoyProcess.of(node, address, self._folder, delta=self._delta, name=name)
        self.processes.append(envoy)
        envoy.start()
        return envoy

    # Servers and clients.

    def http_upstream(self, name: str, status: int = 200) -> HttpUpstream:
        """Start an HTTP echo server."""
        return self._stack.enter_context(closing(HttpUpstream(name, status)))

    def grpc_upstream(self, name: str, *, address: str = "127.0.0.1") -> GrpcUpstream:
        """Start an Open Inference gRPC server."""
        return self._stack.enter_context(closing(GrpcUpstream(name, address=address)))

    def http_client(self, port: int) -> HttpClient:
        return self._stack.enter_context(closing(HttpClient(port)))

    def grpc_client(self, port: int) -> GrpcClient:
        return self._stack.enter_context(closing(GrpcClient(port)))

    # Config that many tests share.

    def open_port(self, number: int = 8080) -> int:
        """Write the Gateway `entry` with one server; return the port that Envoy binds."""
        port = free_port()
        self.config.write(
            f"entry-{number}.yaml",
            gateway("entry", NAMESPACE, selector=GATEWAY_LABELS, ports=[number]),
            gateway_service({number: port}, selector=GATEWAY_LABELS),
        )
        return port

    def write_workload(
        self,
        upstream: Upstream,
        labels: Mapping[str, str],
        *,
        annotations: Mapping[str, str] | None = None,
    ) -> None:
        """Write the WorkloadEntry of an upstream to a file with its name."""
        self.config.write(
            f"{upstream.name}.yaml", self.workload(upstream, labels, annotations=annotations)
        )

    @staticmethod
    def workload(
        upstream: Upstream,
        labels: Mapping[str, str],
        *,
        annotations: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Return the WorkloadEntry of an upstream, with a port named `http` or `grpc`."""
        port = "grpc" if isinstance(upstream, GrpcUpstream) else "http"
        return workload_entry(
            upstream.name,
            NAMESPACE,
            labels=labels,
            ports={port: upstream.port},
            annotations=annotations,
        )
