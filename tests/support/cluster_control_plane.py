"""The control plane over a Kubernetes cluster: `straightway serve --kubernetes` as a process."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.support.control_plane import read_log
from tests.support.kube import KubeServer
from tests.support.kube_credentials import ADMIN_TOKEN
from tests.support.ports import accepts, free_port
from tests.support.processes import ManagedProcess
from tests.support.waiting import eventually


class ClusterControlPlane(ManagedProcess):
    """One replica that reads one namespace, which is its own as well: its Lease is there.

    It writes status, as in a Pod.
    """

    def __init__(
        self,
        kube: KubeServer,
        namespace: str,
        folder: Path,
        *options: str,
        name: str = "control-plane",
        token: str = ADMIN_TOKEN,
    ) -> None:
        self.address = f"127.0.0.1:{free_port()}"
        config = kube.kubeconfig(token, namespace=namespace)
        command = [sys.executable, "-m", "straightway", "serve", "--kubernetes"]
        command += ["--kubeconfig", str(config), "--namespace", namespace]
        command += ["--xds-address", self.address, "--no-state"]
        command += ["--write-status", *options]
        super().__init__(name, command, folder / f"{name}.log")

    def start(self) -> None:
        """Start the process and wait until it listens."""
        super().start()
        eventually(self._listens, what=f"{self.name} listens", seconds=60)

    def logs(self, event: str | None = None, **fields: object) -> list[dict[str, object]]:
        """Return all log lines so far, or only those with an event and fields."""
        return read_log(self.log, event, **fields)

    def _listens(self) -> bool:
        self.check_running()
        return accepts(int(self.address.rpartition(":")[2]))
