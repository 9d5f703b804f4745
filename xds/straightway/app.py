"""The control plane, wired together: the one module that knows all others."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol

import grpc
import structlog
from envoy.config.core.v3 import base_pb2

from straightway import __version__
from straightway.catalog import ROOT_NAMESPACE, Catalog
from straightway.control import Control, Interest
from straightway.discovery import Cache, DiscoveryServer, grpc_options
from straightway.documents import ChangeListeners, ProblemStore, Reference
from straightway.intake import Intake, LastGood
from straightway.kubernetes import Client, connect
from straightway.logs.changes import ChangeLog
from straightway.logs.problems import log_problems
from straightway.logs.streams import StreamLog
from straightway.proxies.addresses import Address
from straightway.proxies.audience import Audience, audience_in, proxy_of_node
from straightway.routing.istio.credentials import secret_reference
from straightway.sources import KubernetesSource, Update
from straightway.sources.files import check_folder
from straightway.sources.folder import FolderSource
from straightway.sources.secrets import SecretName
from straightway.state import StateFolder
from straightway.writeback import Leader, Writeback, identity, manager_of

_log = structlog.get_logger()
_FOLDER = "folder"
_KUBERNETES = "kubernetes"


class Source(Protocol):
    """Where config comes from."""

    async def run(self, emit: Callable[[Update], None]) -> None:
        """Emit everything, then every change, until cancelled."""


class ListenError(Exception):
    """Listening on the address fails; the message names it and says what to do."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Which Kubernetes cluster to read, and what of it.

    ``kubeconfig`` and ``context`` None: the cluster around this Pod. ``namespaces`` are those to
    read, () for all; ``revision`` is the value of ``istio.io/rev`` that selects Istio's objects.
    ``write_status``: what becomes of the objects is written back to them.
    """

    kubeconfig: Path | None = None
    context: str | None = None
    namespaces: tuple[str, ...] = ()
    revision: str | None = None
    write_status: bool = True


@dataclass(frozen=True, slots=True)
class Options:
    """How to serve.

    ``folder`` and ``cluster`` are where config comes from: one of them, or both. ``state`` is the
    folder that keeps last good versions for the next start; None keeps none. ``vanish_grace`` is
    how long objects that vanish at once are held, and ``max_connection_age`` the age at which an
    Envoy's connection is renewed, so that Envoys spread over replicas; both in seconds.
    ``root_namespace`` is Istio's.
    """

    folder: Path | None = None
    cluster: Cluster | None = None
    state: Path | None = None
    vanish_grace: float = 30.0
    max_connection_age: float | None = None
    root_namespace: str = ROOT_NAMESPACE


async def serve(address: Address, options: Options) -> None:
    """Serve the config of the sources to Envoys at ``address`` until SIGINT or SIGTERM.

    Raises: ConfigFolderError: if the folder cannot be read at the start. ConnectError: if there is
    no usable configuration for the cluster. ListenError: if listening on the address fails.

    """
    if options.folder is not None:
        await asyncio.to_thread(check_folder, options.folder)
    state = StateFolder(options.state) if options.state is not None else None
    last_good = await asyncio.to_thread(state.open) if state is not None else LastGood()
    async with AsyncExitStack() as open_until_end:
        client = None
        if options.cluster is not None:
            connection = connect(options.cluster.kubeconfig, options.cluster.context)
            client = await open_until_end.enter_async_context(connection)
        sources = _sources(options, client, last_good)
        await _serve(sources, client, address, options, state, last_good)


def _sources(options: Options, client: Client | None, last_good: LastGood) -> Mapping[str, Source]:
    def earlier(source: str) -> list[str]:
        return [place.key for place in last_good.unseen(source)]

    sources: dict[str, Source] = {}
    if options.folder is not None:
        sources[_FOLDER] = FolderSource(options.folder, earlier=earlier(_FOLDER))
    if options.cluster is not None and client is not None:
        sources[_KUBERNETES] = KubernetesSource(
            client,
            namespaces=options.cluster.namespaces,
            revision=options.cluster.revision,
            earlier=earlier(_KUBERNETES),
        )
    return sources


async def _serve(
    sources: Mapping[str, Source],
    client: Client | None,
    address: Address,
    options: Options,
    state: StateFolder | None,
    last_good: LastGood,
) -> None:
    catalog = Catalog(options.root_namespace, mistaken=_not_indexed)
    cache = Cache()
    interest = Interest(cache)
    problems = ProblemStore()
    problems.listen(log_problems)
    writing = _writing(options, client, sources, problems)
    control = Control(
        catalog,
        cache,
        sources=sources,
        intake=Intake(last_good, options.vanish_grace),
        interest=interest,
        problems=problems,
        listener=ChangeListeners(ChangeLog(options.vanish_grace), *writing),
    )

    _follow_secrets(control, sources)

    def key_of(node: base_pb2.Node) -> Audience:
        return audience_in(proxy_of_node(node), catalog)

    streams = StreamLog(control.origins, options.max_connection_age)
    discovery = DiscoveryServer(cache, key_of, callbacks=[interest, streams, *writing])
    discovery.set_serving(False)
    stopping = asyncio.Event()
    with _on_signals(stopping.set):
        server = await _listen(discovery, address, options.max_connection_age)
        try:
            async with asyncio.TaskGroup() as tasks:
                running = [
                    tasks.create_task(_load_uncollected(control)),
                    tasks.create_task(_serve_from_first_config(discovery, control)),
                    tasks.create_task(control.run(discovery.rekey)),
                ]
                for name, source in sources.items():
                    emit = partial(control.apply, name)
                    running.append(tasks.create_task(source.run(emit)))
                for each in writing:
                    running.append(tasks.create_task(each.leader.run()))
                    running.append(tasks.create_task(each.run(control, discovery)))
                if state is not None:
                    keeping = _keep_from_first_config(state, last_good, control)
                    running.append(tasks.create_task(keeping))
                await stopping.wait()
                _log.info("stopping")
                for task in running:
                    task.cancel()
        finally:
            await discovery.close()
            await server.stop(grace=1.0)
            streams.close()


def _writing(
    options: Options, client: Client | None, sources: Mapping[str, Source], problems: ProblemStore
) -> list[Writeback]:
    """Return what writes back to the cluster, or nothing."""
    cluster, source = options.cluster, sources.get(_KUBERNETES)
    if cluster is None or client is None or not cluster.write_status:
        return []
    assert isinstance(source, KubernetesSource)
    leader = Leader(client, identity(), client.namespace)
    writeback = Writeback(
        client,
        leader,
        problems,
        source=_KUBERNETES,
        namespaces=cluster.namespaces,
        manager=manager_of(cluster.revision),
    )
    source.listen(writeback.seen)
    return [writeback]


def _follow_secrets(control: Control, sources: Mapping[str, Source]) -> None:
    """Have the cluster's Secrets read that Gateways name."""
    source = sources.get(_KUBERNETES)
    if isinstance(source, KubernetesSource):
        source.listen_for_secrets(
            lambda secret, is_there: control.looked_up(secret_reference(*secret), is_there=is_there)
        )
        control.follow_secrets(
            lambda secrets: source.want_secrets(
                SecretName(each.namespace, each.name) for each in secrets
            )
        )


def _not_indexed(reference: Reference, mistake: Exception) -> None:
    _log.error("internal error, the object is left out", object=str(reference), exc_info=mistake)


async def _load_uncollected(control: Control) -> None:
    """Keep the garbage collector away from the first load.

    What is loaded stays, so collections find nothing: they take a third of the time of a large
    load, and would delay pushes later on.
    """
    gc.disable()
    try:
        await control.synced.wait()
    finally:
        gc.freeze()
        # A push makes thousands of short-lived objects, which reference counts free. At the
        # default of 700, collections were a fifth of its CPU with a thousand Envoys.
        gc.set_threshold(50_000, 10, 10)
        gc.enable()


async def _keep_from_first_config(
    folder: StateFolder, last_good: LastGood, control: Control
) -> None:
    """Keep last good versions, but leave all of the CPU to the first load."""
    await control.synced.wait()
    await folder.keep(last_good)


async def _serve_from_first_config(discovery: DiscoveryServer, control: Control) -> None:
    """Report NOT_SERVING to new Envoys until there is something to send them."""
    await control.synced.wait()
    discovery.set_serving(True)


async def _listen(
    discovery: DiscoveryServer, address: Address, max_connection_age: float | None
) -> grpc.aio.Server:
    server = grpc.aio.server(options=grpc_options(max_connection_age=max_connection_age))
    discovery.add_to(server)
    try:
        port = server.add_insecure_port(str(address))
    except RuntimeError as error:
        raise ListenError(
            f"Cannot listen on {address}: {await _reason(address)}. "
            "Choose another address with --xds-address HOST:PORT."
        ) from error
    await server.start()
    _log.info("listening", address=str(replace(address, port=port)), version=__version__)
    return server


async def _reason(address: Address) -> str:
    """Ask the system why listening on an address fails, because gRPC does not say."""
    try:
        probe = await asyncio.start_server(lambda *_: None, address.host, address.port)
    except OSError as error:
        # asyncio's message repeats the address; the error number has the system's message.
        # A negative number comes from a resolver, which has its own message.
        number = error.errno or 0
        return os.strerror(number) if number > 0 else str(error.strerror)
    probe.close()
    return "gRPC refuses it"


@contextmanager
def _on_signals(handler: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, handler)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
