"""What it costs an Envoy that requests can leave their subset, against the plain form, in one run.

Two services stand over the same endpoints behind one gateway: requests of one can leave their
subset, and those of the other cannot (``retries: {attempts: 0}``). Each form has an Envoy of its
own, so that memory and CPU are told apart.

How to read the table:

- *memory* is what Envoy has more than before the config, *CPU to start* what it took to take it.
- *CPU per label*: a label of one endpoint changes, which sends the whole assignment once.
- *request*: from a client over one connection, to a runtime that answers at once. *left* is a
  request whose believed holder answers 404 twice.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.table import Table

from bench.config import SELECTOR
from bench.figures import Figure, in_steps, percentile, table
from bench.machine import Machine, machine
from bench.usage import exact_cpu_seconds, resident_mebibytes
from tests.support.config_folder import ConfigFolder
from tests.support.control_plane import ControlPlane
from tests.support.counting_runtime import MODEL_HEADER, CountingRuntime
from tests.support.http import HttpClient
from tests.support.objects import (
    Object,
    destination_rule,
    dynamic_subset,
    gateway,
    route_to,
    service,
    virtual_service,
    workload_entry,
)
from tests.support.ports import free_port
from tests.support.waiting import eventually

_NAMESPACE = "models"
_ENDPOINTS = 1000
_MODELS_EACH = 20
_CHANGES = 30
_REQUESTS = 1500
_ROUNDS = 3
_ATTEMPTS = {"plain": 0, "can leave": 7}
_KEYS = [{"header": MODEL_HEADER, "key": "model"}]


@dataclass(frozen=True, slots=True)
class _Setup:
    """One form: its config, the processes, and a client of its Envoy."""

    config: ConfigFolder
    running: Machine
    client: HttpClient


def run() -> Table:
    """Measure and return the table."""
    rounds = [
        {name: list(_measure(attempts)) for name, attempts in _ATTEMPTS.items()}
        for _ in range(_ROUNDS)
    ]
    forms = {
        name: [_least(each) for each in zip(*(r[name] for r in rounds), strict=True)]
        for name in _ATTEMPTS
    }
    title = (
        f"What leaving subsets costs Envoy: {_ENDPOINTS:,} endpoints, {_MODELS_EACH} models each"
    )
    return table(
        title,
        forms,
        f"The least of {_ROUNDS} rounds of {_CHANGES} labels and {_REQUESTS:,} requests.",
    )


def _least(figures: Sequence[Figure]) -> Figure:
    """Return the least of several measurements: what else the machine does only adds."""
    return min(figures, key=lambda each: each.value)


def _measure(attempts: int) -> Iterator[Figure]:
    with _setup(attempts) as setup:
        pid = setup.running.envoy.pid
        yield Figure("memory", resident_mebibytes(pid), "MiB")
        yield Figure("CPU to start", exact_cpu_seconds(pid) * 1000, "ms")
        before = exact_cpu_seconds(pid)
        for change in in_steps(range(_CHANGES), "Labels"):
            _change_label(setup, change)
        yield Figure("CPU per label", (exact_cpu_seconds(pid) - before) / _CHANGES * 1000, "ms")
        yield from _requests(setup, "held", "request")
        if attempts:
            yield from _requests(setup, "moved", "request, left")


def _requests(setup: _Setup, model: str, name: str) -> Iterator[Figure]:
    headers = {MODEL_HEADER: model}
    answers = [
        setup.client.send(method="POST", headers=headers, body=b"x")
        for _ in in_steps(range(_REQUESTS), name)
    ]
    assert all(answer.ok for answer in answers)
    seconds = [answer.seconds for answer in answers]
    for text, share in (("p50", 0.5), ("p99", 0.99)):
        yield Figure(f"{name}, {text}", percentile(seconds, share) * 1e6, "µs")


def _change_label(setup: _Setup, change: int) -> None:
    pushes = len(setup.running.logged("pushed"))
    setup.config.write("far-0.yaml", _far(0, f"changed-{change}"))
    eventually(lambda: len(setup.running.logged("pushed")) > pushes, what="the push in the log")
    time.sleep(0.05)  # Envoy's workers take it in.


@contextmanager
def _setup(attempts: int) -> Iterator[_Setup]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="straightway-bench-")))
        config, port = ConfigFolder(folder / "config"), free_port()
        holder = stack.enter_context(closing(CountingRuntime("holder", "held", "moved")))
        former = stack.enter_context(closing(CountingRuntime("former")))
        config.write("objects.yaml", *_objects(attempts, port))
        config.write("holder.yaml", _near(holder, "held"), _near(former, "moved"))
        for number in range(_ENDPOINTS):
            config.write(f"far-{number}.yaml", _far(number))
        running = stack.enter_context(machine(partial(ControlPlane, config)))
        running.wait_for_port(port)
        yield _Setup(config, running, stack.enter_context(closing(HttpClient(port))))


def _objects(attempts: int, port: int) -> Sequence[Object]:
    # The near runtimes are apart, so that a request that leaves finds the right one.
    balancer = dynamic_subset("model", policy="ANY_ENDPOINT", retries={"attempts": attempts})
    services = {"near": "near", "far": "far"}
    routes = [
        route_to(name, match=[{"uri": {"prefix": path}}], headerToDynamicSubsetKey=_KEYS)
        for name, path in (("far", "/far"), ("near", "/"))
    ]
    return [
        gateway("entry", _NAMESPACE, selector=SELECTOR, ports=[port]),
        virtual_service("routes", _NAMESPACE, routes),
        *(
            service(name, _NAMESPACE, selector={"app": app}, ports={"http": 80})
            for name, app in services.items()
        ),
        *(destination_rule(name, _NAMESPACE, load_balancer=balancer) for name in services),
    ]


def _near(runtime: CountingRuntime, model: str) -> Object:
    labels = {"app": "near", "model": model}
    return workload_entry(runtime.name, _NAMESPACE, labels=labels, ports={"http": runtime.port})


def _far(number: int, extra: str = "") -> Object:
    models = [f"model-{(number * _MODELS_EACH + each) % 1000}" for each in range(_MODELS_EACH)]
    return workload_entry(
        f"far-{number}",
        _NAMESPACE,
        labels={"app": "far"},
        ports={"http": 8000},
        annotations={"model": ",".join([*models, extra])},
        address=f"10.1.{number // 250}.{number % 250 + 1}",
    )
