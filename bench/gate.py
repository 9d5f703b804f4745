"""A TCP gate between Envoy and the control plane: it holds connections open and counts bytes.

An Envoy that cannot reach its control plane retries after a random delay. Behind the gate it is
always connected, and the gate forwards its data as soon as the control plane listens.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress

_RETRY_SECONDS = 0.002
_CHUNK_BYTES = 1 << 16


class Gate:
    """Forwards each connection to the port ``target`` on 127.0.0.1 as soon as that port listens."""

    def __init__(self, target: int) -> None:
        """Listen on a free port."""
        self.passed = 0
        """Bytes forwarded from the control plane to Envoy."""
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._connected = threading.Event()
        self._closed = threading.Event()
        threading.Thread(target=self._accept, name="gate", daemon=True).start()

    @property
    def address(self) -> str:
        """The address for Envoy to connect to."""
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def wait_for_client(self, seconds: float) -> None:
        """Wait until an Envoy connects. Raises TimeoutError."""
        if not self._connected.wait(seconds):
            raise TimeoutError(f"Envoy did not connect within {seconds:g} s")

    def close(self) -> None:
        """Stop accepting; an open connection ends when either side closes it."""
        self._closed.set()
        # Closing alone does not wake the accepting thread.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._connected.set()
                threading.Thread(target=self._forward, args=(client,), daemon=True).start()

    def _forward(self, client: socket.socket) -> None:
        server = self._reach()
        if server is None:
            client.close()
            return
        back = threading.Thread(target=self._pump, args=(server, client), daemon=True)
        back.start()
        self._pump(client, server, counts=False)
        back.join()
        client.close()
        server.close()

    def _reach(self) -> socket.socket | None:
        while not self._closed.is_set():
            with suppress(ConnectionRefusedError):
                return socket.create_connection(("127.0.0.1", self._target))
            time.sleep(_RETRY_SECONDS)
        return None

    def _pump(self, source: socket.socket, sink: socket.socket, *, counts: bool = True) -> None:
        with suppress(OSError):
            while data := source.recv(_CHUNK_BYTES):
                sink.sendall(data)
                if counts:
                    self.passed += len(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
