"""``python -m bench.asked_runtimes PORT RUNTIMES``: runtimes that list models as Triton does.

Each has an address of its own (127.8.x.y), and real sockets. It lists its models at
``/v2/repository/index`` and answers every other request with 200. The benchmark says by lines on
standard input who changes, and reads when that was, and when the last of them was asked.
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass, field

from tests.support.ports import free_port

MODELS = 20
"""How many each runtime holds, of :data:`DIFFERENT`."""
DIFFERENT = 1000


def address_of(runtime: int) -> str:
    """Return the address of a runtime."""
    return f"127.8.{runtime // 250}.{runtime % 250 + 1}"


class AskedRuntimes:
    """The process, as the benchmark uses it."""

    def __init__(self, runtimes: int) -> None:
        """Start it."""
        self.port = free_port()
        command = [sys.executable, "-m", "bench.asked_runtimes", str(self.port), str(runtimes)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._line()

    def change(self, model: str, first: int, number: int) -> float:
        """Give some runtimes a model in the place of their first one; return when that was."""
        self._send(f"{model} {first} {number}")
        return float(self._line())

    def all_asked(self) -> float:
        """Wait until all that changed were asked; return when the last one answered."""
        return float(self._line())

    @property
    def answers(self) -> int:
        """How often all of them together have listed their models."""
        self._send("count")
        return int(self._line())

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()

    def _send(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the runtimes have ended")
        return line


@dataclass(slots=True)
class _Runtimes:
    """What all of them list, and who has changed and was not asked since."""

    indexes: dict[str, bytes]
    unasked: set[str] = field(default_factory=set)
    answers: int = 0

    def index(self, address: str) -> bytes:
        self.answers += 1
        if self.unasked and address in self.unasked:
            self.unasked.discard(address)
            if not self.unasked:
                print(time.time(), flush=True)
        return self.indexes[address]

    def obey(self, line: str) -> None:
        if line == "count\n":
            print(self.answers, flush=True)
            return
        model, first, number = line.split()
        some = range(int(first), int(first) + int(number))
        self.indexes |= {address_of(each): _index(each, model) for each in some}
        self.unasked = {address_of(each) for each in some}
        print(time.time(), flush=True)


class _Connection(asyncio.Protocol):
    def __init__(self, runtimes: _Runtimes) -> None:
        self._runtimes = runtimes
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._address = transport.get_extra_info("sockname")[0]

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = self._received[:end].lower()
            length = head.partition(b"\r\ncontent-length: ")[2].partition(b"\r\n")[0]
            rest = end + 4 + int(length or 0)
            if len(self._received) < rest:
                return
            self._received = self._received[rest:]
            is_index = head.startswith(b"post /v2/repository/index")
            self._transport.write(self._runtimes.index(self._address) if is_index else _OK)


def _answer(body: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % len(body) + body


_OK = _answer(b"{}")


def _index(runtime: int, first: str) -> bytes:
    others = [f"model-{(runtime + step * 49) % DIFFERENT}" for step in range(1, MODELS)]
    entries = [{"name": name, "version": "1", "state": "READY"} for name in (first, *others)]
    return _answer(json.dumps(entries).encode())


async def _serve(port: int, number: int) -> None:
    loop = asyncio.get_running_loop()
    runtimes = _Runtimes(
        {address_of(each): _index(each, f"model-{each}") for each in range(number)}
    )
    server = await loop.create_server(
        lambda: _Connection(runtimes), "0.0.0.0", port, backlog=number
    )
    loop.add_reader(sys.stdin, lambda: runtimes.obey(sys.stdin.readline()))
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2])))
