"""An HTTP server whose connections can be cut, as when its process is killed."""

from __future__ import annotations

import socket
from contextlib import suppress
from http.server import ThreadingHTTPServer
from typing import Any


class CuttableServer(ThreadingHTTPServer):
    """Knows the connections that it has accepted."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, *arguments: Any) -> None:
        self._connections: set[socket.socket] = set()
        super().__init__(*arguments)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def cut_connections(self) -> None:
        """Close all connections; whoever is answering sees it, too."""
        for connection in list(self._connections):
            with suppress(OSError):  # The client may have just disconnected.
                connection.shutdown(socket.SHUT_RDWR)
