"""One runtime of the model mesh, as a process: ``python -m demo.runtime --help``.

On SIGTERM or SIGINT it removes its WorkloadEntry, keeps serving for the drain time, and exits.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import grpc

from demo import entries
from demo.entries import Entry
from demo.mesh import Mesh
from demo.model_mesh_pb2_grpc import add_ModelMeshServicer_to_server
from demo.peers import Peers
from demo.registry import Registry
from demo.services import InferenceService, MeshService
from demo.shelf import Shelf
from straightway.openinference.open_inference_pb2_grpc import (
    add_GRPCInferenceServiceServicer_to_server,
)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a runtime.

    It listens on ``host``, and others reach it at ``address``; ``port`` 0 picks a free port.
    ``entry`` is the WorkloadEntry file that it maintains, in one folder with those of the others.
    """

    name: str
    models: Path
    entry: Path
    host: str = "127.0.0.1"
    address: str = "127.0.0.1"
    port: int = 0
    capacity: int = 2
    drain_seconds: float = 1.0
    preload: tuple[str, ...] = ()


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Serve until ``stop`` is set, then withdraw, drain, and return.

    Raises ``UnknownModelError`` if a model to preload does not exist, and ``RuntimeError`` if the
    port is in use.
    """
    server = grpc.aio.server()
    port = server.add_insecure_port(f"{settings.host}:{settings.port}")

    def publish(models: Sequence[str]) -> None:
        entry = Entry(settings.name, settings.address, port, tuple(models))
        entries.write(settings.entry, entry)

    shelf = Shelf(settings.models, settings.capacity, settings.drain_seconds, publish)
    peers = Peers()
    registry = Registry(settings.entry.parent, settings.name)
    mesh = Mesh(settings.name, settings.models, shelf, registry, peers)
    add_GRPCInferenceServiceServicer_to_server(InferenceService(mesh), server)
    add_ModelMeshServicer_to_server(MeshService(mesh), server)
    await server.start()
    try:
        for model in settings.preload:
            await shelf.load(model)
        await asyncio.to_thread(publish, shelf.published)
        print(f"{settings.name} listens on {settings.host}:{port}", flush=True)
        await stop.wait()
        settings.entry.unlink(missing_ok=True)
        await asyncio.sleep(settings.drain_seconds)
    finally:
        settings.entry.unlink(missing_ok=True)
        await server.stop(grace=settings.drain_seconds)
        await peers.close()


def resolve(host: str) -> str:
    """Return the IPv4 address of a host; Envoy accepts no host names as endpoints."""
    try:
        return socket.gethostbyname(host)
    except OSError as error:
        raise argparse.ArgumentTypeError(f"cannot resolve {host!r}: {error}") from error


def parse_arguments() -> Settings:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m demo.runtime", description="One runtime of the model mesh."
    )
    parser.add_argument("--name", required=True, help="unique in the mesh")
    parser.add_argument("--models", type=Path, required=True, help="folder of trained models")
    parser.add_argument("--entry", type=Path, required=True, help="WorkloadEntry file to maintain")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument(
        "--address",
        type=resolve,
        default="127.0.0.1",
        help="address or host name for other hosts",
    )
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 picks a free one")
    parser.add_argument(
        "--capacity", type=int, default=2, help="maximum number of models in memory"
    )
    parser.add_argument(
        "--drain-seconds",
        type=float,
        default=1.0,
        help="how long to keep serving a withdrawn model",
    )
    parser.add_argument(
        "--preload", nargs="*", default=(), metavar="MODEL", help="models to load on startup"
    )
    arguments = vars(parser.parse_args())
    arguments["preload"] = tuple(arguments["preload"])
    return Settings(**arguments)


async def main() -> None:
    """Serve until a signal arrives."""
    settings = parse_arguments()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve(settings, stop)


if __name__ == "__main__":
    asyncio.run(main())
