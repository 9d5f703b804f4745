"""What it costs to find a request's subset key: p50 against the same request on a plain route.

One Envoy has a route for each way, and behind it stands another Envoy, which answers at once, so
that nothing but Envoy is measured. One connection sends the requests one at a time. Both routes of
a pair take turns in short rounds, so that whatever else the machine does meets both.

How to read the table:

- *measured* is the route with the key, *floor* the plain route with the same request.
- A script runs for paths with a percent sign, for aliases, and for gRPC; the other rows do without.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from rich.table import Table

from bench.comparison import Comparison, comparison_table
from tests.support.envoy import EnvoyProcess
from tests.support.key_gateway import INFER, framed
from tests.support.mesh import NAMESPACE, Mesh
from tests.support.objects import (
    destination_rule,
    dynamic_subset,
    route_to,
    service,
    virtual_service,
    workload_entry,
)
from tests.support.ports import free_port
from tests.support.waiting import DEADLINE

_ROUNDS, _EACH, _WARM_UP = 600, 4, 200
_PLAIN = "plain"
_JSON = "application/json"


class _Way(NamedTuple):
    """A rule, a request for it, and how much of the plain route's time it may take, if limited."""

    name: str
    source: Mapping[str, Any]
    path: str = "/"
    body: bytes = b""
    kind: str = _JSON
    most: float = 0.0


def _json(size: int) -> bytes:
    text = json.dumps({"model": "iris", "text": ""}).encode()
    return text[:-2] + b"a" * (size - len(text)) + text[-2:]


_PATH = {"from": [{"path": "/v2/models/{}/infer"}]}
_BODY = {"from": [{"body": "model"}]}
_WAYS = (
    _Way("header", {"from": [{"header": "x-model"}]}, most=1.1),
    _Way("path", _PATH, "/v2/models/iris/infer", most=1.1),
    _Way("path, preset open-inference", {"preset": "open-inference"}, "/v2/models/iris/infer"),
    _Way("path with a percent sign", _PATH, "/v2/models/org%2Firis/infer"),
    _Way("header with aliases", {"from": [{"header": "x-model"}], "values": {"a": "b"}}),
    _Way("body of 1 KB", _BODY, body=_json(1_000), most=1.2),
    _Way("body of 100 KB, one text", _BODY, body=_json(100_000)),
    _Way(
        "gRPC",
        {"from": [{"grpcField": "model_name"}]},
        INFER,
        framed(INFER, {"model_name": "iris", "id": "a" * 1_000}),
        "application/grpc",
    ),
)


def run() -> Table:
    """Measure all ways and return the table."""
    with TemporaryDirectory() as folder, ExitStack() as stack:
        mesh = stack.enter_context(Mesh(Path(folder)))
        client = stack.enter_context(closing(_Client(_started(mesh, Path(folder)))))
        rows = list(_measured(client))
    caption = "p50 of a request; floor: the same request on a route without keys, in the same run"
    return comparison_table("request-keys", rows, caption)


def _measured(client: _Client) -> Iterator[Comparison]:
    for number, way in enumerate(_WAYS):
        requests = {host: _request(host, way) for host in (_host(number), _PLAIN)}
        times: dict[str, list[float]] = {host: [] for host in requests}
        for request in requests.values():
            for _ in range(_WARM_UP):
                client.seconds(request)
        for _ in range(_ROUNDS):
            for host, request in requests.items():
                times[host] += [client.seconds(request) for _ in range(_EACH)]
        pair = (median(times[_host(number)]) * 1e6, median(times[_PLAIN]) * 1e6)
        if way.most:
            yield Comparison.times(way.name, pair, "µs", way.most)
        else:
            yield Comparison.told(way.name, pair, "µs")


class _Client:
    """One connection, over which one request at a time is sent."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def seconds(self, request: bytes) -> float:
        start = time.perf_counter()
        self._socket.sendall(request)
        answer = self._socket.recv(65_536)
        seconds = time.perf_counter() - start
        if not answer.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"unexpected answer {answer[:200]!r}")
        return seconds

    def close(self) -> None:
        self._socket.close()


def _request(host: str, way: _Way) -> bytes:
    method = "POST" if way.body else "GET"
    head = f"{method} {way.path} HTTP/1.1\r\nhost: {host}\r\nx-model: iris\r\n"
    if way.body:
        head += f"content-type: {way.kind}\r\ncontent-length: {len(way.body)}\r\n"
    return f"{head}\r\n".encode() + way.body


def _host(number: int) -> str:
    return f"way-{number}"


def _started(mesh: Mesh, folder: Path) -> int:
    """Start both Envoys and return the port of the first."""
    port, answering = mesh.open_port(), free_port()
    upstream = EnvoyProcess("upstream", _answering(answering), folder)
    mesh.processes.append(upstream)
    upstream.start()
    upstream.wait_for_listener(answering)
    rules: dict[str, list[dict[str, Any]]] = {_PLAIN: []}
    rules |= {_host(at): [{"key": "model", **way.source}] for at, way in enumerate(_WAYS)}
    mesh.config.write(
        "all.yaml",
        workload_entry(
            "one", NAMESPACE, labels={"app": "a", "model": "iris"}, ports={"http": answering}
        ),
        service("a", NAMESPACE, selector={"app": "a"}, ports={"http": 80}),
        destination_rule(
            "a", NAMESPACE, load_balancer=dynamic_subset("model", policy="ANY_ENDPOINT")
        ),
        *(
            virtual_service(host, NAMESPACE, [route_to("a", dynamicSubsetKeys=keys)], hosts=[host])
            for host, keys in rules.items()
        ),
    )
    mesh.start_envoy().wait_for_listener(port)
    return port


_HTTP = "type.googleapis.com/envoy.extensions.filters"


def _answering(port: int) -> dict[str, Any]:
    """Return the bootstrap of an Envoy that answers every request itself."""
    manager = f"{_HTTP}.network.http_connection_manager.v3.HttpConnectionManager"
    route = {"match": {"prefix": "/"}, "direct_response": {"status": 200}}
    hosts = [{"name": "all", "domains": ["*"], "routes": [route]}]
    router = {"name": "router", "typed_config": {"@type": f"{_HTTP}.http.router.v3.Router"}}
    chain = {
        "name": "http",
        "typed_config": {
            "@type": manager,
            "stat_prefix": "upstream",
            "http_filters": [router],
            "route_config": {"virtual_hosts": hosts},
        },
    }
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    listener = {"name": "all", "address": address, "filter_chains": [{"filters": [chain]}]}
    admin = {"socket_address": {"address": "127.0.0.1", "port_value": 0}}
    return {"admin": {"address": admin}, "static_resources": {"listeners": [listener]}}
