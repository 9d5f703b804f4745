"""Runtimes over HTTP that answer 404 for models that they do not hold, and count what they got."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler

from tests.support.cuttable_server import CuttableServer
from tests.support.http import UPSTREAM_HEADER

MODEL_HEADER = "x-model"
REQUEST_HEADER = "x-request-number"


class CountingRuntime:
    """An HTTP/1.1 server that holds some models; `models` may change at any time.

    A request for one of them is answered with 200, any other with 404. `statuses` overrides the
    answer by model; `breaks` holds models whose requests it reads and then cuts the connection.
    `worked_on` counts the requests that it began to work on, by the number that the client gave.
    """

    def __init__(self, name: str, *models: str, port: int = 0) -> None:
        self.name = name
        self.models = set(models)
        self.statuses: dict[str, int] = {}
        self.breaks: set[str] = set()
        self.worked_on: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        self.draining = False
        self._lock = threading.Lock()
        self._server = _Server(self, port)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()

    def answer_to(self, model: str, number: str) -> int:
        """Count a request and return the status of its answer; 0 cuts the connection."""
        with self._lock:
            self.asked[model] += 1
            if model in self.breaks:
                self.worked_on[number] += 1
                return 0
            if model not in self.models:
                return self.statuses.get(model, 404)
            self.worked_on[number] += 1
            return self.statuses.get(model, 200)

    def drain(self) -> None:
        """Stop listening and end each connection with its next answer, as at a planned stop."""
        self.draining = True
        self._server.shutdown()
        self._server.socket.close()

    def close(self) -> None:
        """Stop listening and cut all connections, as when it is killed."""
        self._server.shutdown()
        self._server.server_close()
        self._server.cut_connections()
        self._thread.join()


class _Server(CuttableServer):
    request_queue_size = 128

    def __init__(self, runtime: CountingRuntime, port: int) -> None:
        self.runtime = runtime
        super().__init__(("127.0.0.1", port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        runtime = self.server.runtime
        model = self.headers.get(MODEL_HEADER, "")
        status = runtime.answer_to(model, self.headers.get(REQUEST_HEADER, ""))
        if not status:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.send_header(UPSTREAM_HEADER, runtime.name)
        if runtime.draining:
            self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Log nothing: tests check the answers."""
