"""Latency of a label: from its change on disk until a real Envoy routes by it.

Each of two runtimes has a WorkloadEntry in its own file. They take turns: one of them gets a new
model by an atomic replacement of its file, while one connection sends requests for that model, one
at a time. No other runtime may answer them (NO_FALLBACK), so the first success is the first request
that was routed by the label.

How to read the table:

- *routed*: from just before the write of the file until the first successful answer.
- *pushed*: from the same moment until the control plane has passed the change to gRPC, by its log;
  most of it is debouncing.
- *from push to route*: the rest, in which Envoy applies the change and answers the request. The
  control plane logs after the push, so this may be zero or negative.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.table import Table

from bench.config import SELECTOR
from bench.figures import Figure, in_steps, percentile, table
from bench.machine import LIMIT_SECONDS, Machine, machine
from tests.support.config_folder import ConfigFolder
from tests.support.control_plane import ControlPlane
from tests.support.http import HttpClient
from tests.support.objects import Object, gateway, service, workload_entry
from tests.support.ports import free_port
from tests.support.upstreams import HttpUpstream
from tests.support.waiting import eventually

_CHANGES = 100
_NAMESPACE = "models"
_TARGET_P50 = 12.0
_TARGET_P99 = 150.0
_PAUSE_SECONDS = (0.05, 0.15)
_API = "networking.istio.io/v1"
_ROUTING = {
    "hosts": ["*"],
    "gateways": ["gateway"],
    "http": [
        {
            "headerToDynamicSubsetKey": [{"header": "model", "key": "model"}],
            "route": [{"destination": {"host": "runtime", "port": {"number": 80}}}],
            "retries": {"attempts": 0},
        }
    ],
}
_SUBSETS = {
    "host": "runtime",
    "trafficPolicy": {
        "loadBalancer": {
            "dynamicSubset": {
                "subsetSelectors": [{"keys": ["model"], "fallbackPolicy": "NO_FALLBACK"}]
            }
        }
    },
}


@dataclass(frozen=True, slots=True)
class _Pair:
    """A control plane with its Envoy, a client of Envoy, and two runtimes behind it."""

    config: ConfigFolder
    running: Machine
    client: HttpClient
    runtimes: Sequence[HttpUpstream]


def run() -> Table:
    """Measure and return the table."""
    with _two_runtimes() as pair:
        measured = [
            _change(pair, change) for change in in_steps(range(_CHANGES), "Changes of a label")
        ]
    routed = [seconds for seconds, _ in measured]
    pushed = [seconds for _, seconds in measured]
    rest = [after - before for after, before in measured]
    figures = [
        *percentiles("routed", routed, {0.5: _TARGET_P50, 0.99: _TARGET_P99}),
        *percentiles("pushed", pushed, {}),
        *percentiles("from push to route", rest, {}),
    ]
    title = "From a label's change on disk until Envoy routes by it"
    return table(title, {"": figures}, f"{_CHANGES} changes, one at a time.")


def routing(namespace: str, port: int) -> list[Object]:
    """Return the objects that route by the header ``model`` to Pods with the label ``model``.

    The Service ``runtime`` selects those with the label ``app: runtime``.
    """
    metadata = {"name": "runtime", "namespace": namespace}
    return [
        gateway("gateway", namespace, selector=SELECTOR, ports=[port]),
        service("runtime", namespace, selector={"app": "runtime"}, ports={"http": 80}),
        {"apiVersion": _API, "kind": "VirtualService", "metadata": metadata, "spec": _ROUTING},
        {"apiVersion": _API, "kind": "DestinationRule", "metadata": metadata, "spec": _SUBSETS},
    ]


def percentiles(
    name: str, seconds: Sequence[float], targets: Mapping[float, float]
) -> list[Figure]:
    """Return the figures of times in seconds; ``targets`` in ms by share, such as 0.5."""
    texts = {0.5: "p50", 0.9: "p90", 0.99: "p99", 1.0: "max"}
    return [
        Figure(f"{name}, {text}", percentile(seconds, share) * 1000, "ms", targets.get(share))
        for share, text in texts.items()
    ]


def seconds_until_routed(changes: int) -> list[float]:
    """Measure this many changes; return the seconds until each was routed by."""
    with _two_runtimes() as pair:
        times = [_route(pair, change) for change in range(changes)]
    return [routed - changed for changed, routed in times]


@contextmanager
def _two_runtimes() -> Iterator[_Pair]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="straightway-bench-")))
        runtimes = [stack.enter_context(closing(HttpUpstream(name))) for name in ("a", "b")]
        port = free_port()
        config = _config(folder / "config", port)
        for runtime in runtimes:
            _hold(config, runtime, "none")
        running = stack.enter_context(machine(partial(ControlPlane, config)))
        running.wait_for_port(port)
        yield _Pair(config, running, stack.enter_context(closing(HttpClient(port))), runtimes)


def _change(pair: _Pair, change: int) -> tuple[float, float]:
    """Make a change; return the seconds until it is routed by, and until the push."""
    running = pair.running
    pushes = len(running.logged("pushed"))
    changed, routed = _route(pair, change)
    # The control plane logs after the push, so Envoy may be first.
    eventually(lambda: len(running.logged("pushed")) > pushes, what="the push in the log")
    return routed - changed, running.logged("pushed")[pushes] - changed


def _route(pair: _Pair, change: int) -> tuple[float, float]:
    """Give a runtime a model; return the times of the change and of the first routed request."""
    model = f"model-{change}"
    # Changes in step with the control plane's own timers would always measure the same case.
    time.sleep(random.uniform(*_PAUSE_SECONDS))
    changed = time.time()
    _hold(pair.config, pair.runtimes[change % 2], model)
    while not pair.client.send(headers={"model": model}).ok:
        pair.running.control_plane.check_running()
        if time.time() - changed > LIMIT_SECONDS:
            tail = pair.running.control_plane.tail()
            raise TimeoutError(f"no route to {model}:\n{tail}")
    return changed, time.time()


def _hold(config: ConfigFolder, runtime: HttpUpstream, model: str) -> None:
    labels = {"app": "runtime", "model": model}
    entry = workload_entry(runtime.name, _NAMESPACE, labels=labels, ports={"http": runtime.port})
    config.write(f"{runtime.name}.yaml", entry)


def _config(folder: Path, port: int) -> ConfigFolder:
    config = ConfigFolder(folder)
    config.write("config.yaml", *routing(_NAMESPACE, port))
    return config
