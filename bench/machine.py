"""One control plane and one gateway Envoy, on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.config import SELECTOR
from bench.gate import Gate
from straightway.proxies.bootstrap import Node
from tests.support.control_plane import ControlPlane
from tests.support.envoy import GATEWAY_ID, EnvoyProcess
from tests.support.ports import accepts
from tests.support.waiting import DEADLINE

LIMIT_SECONDS = 60.0
"""The longest wait before the benchmark fails."""


@dataclass(frozen=True, slots=True)
class Machine:
    """The running programs; ``started`` is the control plane's start in seconds since 1970."""

    control_plane: ControlPlane
    envoy: EnvoyProcess
    gate: Gate
    started: float

    def logged(self, event: str, **fields: object) -> list[float]:
        """Return when the control plane logged an event, in seconds since 1970."""
        return [
            datetime.fromisoformat(line["timestamp"]).timestamp()
            for line in self.control_plane.logs(event, **fields)
        ]

    def wait_for_port(self, port: int) -> float:
        """Wait until Envoy listens on a port, and return the time.

        Envoy listens once it has the listener's routes, which it receives after all clusters and
        endpoints.
        """
        deadline = time.time() + LIMIT_SECONDS
        while not accepts(port):
            self.control_plane.check_running()
            self.envoy.check_running()
            if time.time() > deadline:
                raise TimeoutError(f"Envoy does not listen on {port}:\n{self.envoy.tail()}")
            time.sleep(0.005)
        return time.time()


@contextmanager
def machine(make: Callable[[Path], ControlPlane]) -> Iterator[Machine]:
    """Start Envoy, then a control plane once Envoy waits for it; stop both on exit.

    The control plane is made for a folder of its own.

    No figure therefore includes Envoy's startup or its retry delays.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="straightway-bench-")))
        control_plane = stack.enter_context(closing(make(folder)))
        gate = stack.enter_context(closing(Gate(control_plane.port)))
        node = Node(GATEWAY_ID, SELECTOR, {})
        envoy = stack.enter_context(closing(EnvoyProcess.of(node, gate.address, folder)))
        envoy.start()
        gate.wait_for_client(DEADLINE)
        started = time.time()
        control_plane.start()
        yield Machine(control_plane, envoy, gate, started)
