"""A runtime that tells which models it holds, as Triton does; tests with the real one are few."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler

from tests.support.cuttable_server import CuttableServer
from tests.support.http import UPSTREAM_HEADER

_SERVER = b'{"name": "triton", "version": "2.51.0", "extensions": ["model_repository"]}'


class ModelRuntime:
    """Lists its models at ``/v2/repository/index``, and answers 404 for any other model.

    ``models`` are names → states (``READY``, ``LOADING``, ``UNAVAILABLE``); assign to change them.
    ``asked`` are the paths of requests for models, in order. While ``answers`` is not set, it
    accepts connections and says nothing. ``listing`` replaces what it lists.
    """

    def __init__(self, name: str, *models: str, port: int = 0) -> None:
        self.name = name
        self.models = dict.fromkeys(models, "READY")
        self.asked: list[str] = []
        self.answers = threading.Event()
        self.answers.set()
        self.listing: bytes | None = None
        self._start(port)

    def _start(self, port: int) -> None:
        self._server = _Server(self, port)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def load(self, *models: str, state: str = "READY") -> None:
        self.models = {**self.models, **dict.fromkeys(models, state)}

    def unload(self, *models: str) -> None:
        kept = {name: state for name, state in self.models.items() if name not in models}
        self.models = kept

    def close(self) -> None:
        """Stop listening and close all connections."""
        self.answers.set()
        self._server.shutdown()
        self._server.server_close()
        self._server.cut_connections()
        self._thread.join()

    def restart(self, *models: str) -> None:
        """Come back at the same port, holding these models."""
        self.models = dict.fromkeys(models, "READY")
        self._start(self.port)


class _Server(CuttableServer):
    def __init__(self, runtime: ModelRuntime, port: int) -> None:
        self.runtime = runtime
        super().__init__(("127.0.0.1", port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    # Send head and body in one packet; a second packet would wait 40 ms for a delayed ACK.
    wbufsize = -1

    def _answer(self) -> None:
        runtime = self.server.runtime
        self.rfile.read(int(self.headers.get("content-length", 0)))
        runtime.answers.wait()
        if self.path == "/v2/repository/index":
            self._send(200, runtime.listing if runtime.listing is not None else _index(runtime))
        elif self.path == "/v2":
            self._send(200, _SERVER)
        else:
            runtime.asked.append(self.path)
            name = self.path.split("/")[3] if self.path.count("/") >= 3 else ""
            is_held = runtime.models.get(name) == "READY"
            self._send(200 if is_held else 404, json.dumps({"model": name}).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.send_header(UPSTREAM_HEADER, self.server.runtime.name)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Log nothing: tests check the answers."""


def _index(runtime: ModelRuntime) -> bytes:
    listed = [
        {"name": name, "version": "1", "state": state} for name, state in runtime.models.items()
    ]
    return json.dumps(listed).encode()
