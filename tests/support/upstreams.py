"""Upstreams: small servers that identify themselves."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler

from tests.support.cuttable_server import CuttableServer
from tests.support.http import UPSTREAM_HEADER


class HttpUpstream:
    """An HTTP/1.1 server that answers every request with its own name and an echo.

    The body is JSON: `{"upstream": …, "method": …, "path": …, "headers": {…}, "body": …}`. Every
    answer has the same `status`.
    """

    def __init__(
        self, name: str, status: int = 200, *, address: str = "127.0.0.1", port: int = 0
    ) -> None:
        self.name = name
        self._server = _Server(name, status, (address, port))
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name=f"upstream {name}", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop listening and close all connections."""
        self._server.shutdown()
        self._server.server_close()
        self._server.cut_connections()
        self._thread.join()


class _Server(CuttableServer):
    def __init__(self, name: str, status: int, address: tuple[str, int]) -> None:
        self.upstream_name = name
        self.status = status
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    # Send head and body in one packet; a second packet would wait 40 ms for a delayed ACK.
    wbufsize = -1

    def _answer(self) -> None:
        length = int(self.headers.get("content-length", 0))
        name = self.server.upstream_name
        asked = {
            "upstream": name,
            "method": self.command,
            "path": self.path,
            "headers": {
                key.lower(): ",".join(self.headers.get_all(key, [])) for key in self.headers
            },
            "body": self.rfile.read(length).decode(errors="replace"),
        }
        body = json.dumps(asked).encode()
        self.send_response(self.server.status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.send_header(UPSTREAM_HEADER, name)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = _answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Log nothing: tests check the answers."""
