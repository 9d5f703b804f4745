"""The control plane, wired together: the one module that knows all others."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Callable, Collection, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import structlog
from envoy.config.core.v3 import base_pb2

from straightway.catalog import ROOT_NAMESPACE, Catalog
from straightway.control import Control, Interest
from straightway.discovery import Cache, DiscoveryServer
from straightway.documents import ChangeListeners, ProblemStore, Reference
from straightway.identities import Admissions
from straightway.intake import Intake, LastGood
from straightway.kubernetes import Client, connect
from straightway.listening import Port, SecurePorts, Security, listen
from straightway.logs.changes import ChangeLog
from straightway.logs.problems import log_problems
from straightway.logs.streams import StreamLog
from straightway.proxies.addresses import Address
from straightway.proxies.audience import Audience, audience_in, proxy_of_node
from straightway.sources import KubernetesSource, Update
from straightway.sources.files import check_folder
from straightway.sources.folder import FolderSource
from straightway.state import StateFolder
from straightway.writeback import Leader, Writeback, identity, manager_of

_log = structlog.get_logger()
_FOLDER = "folder"
_KUBERNETES = "kubernetes"


class Source(Protocol):
    """Where config comes from."""

    async def run(self, emit: Callable[[Update], None]) -> None:
        """Emit everything, then every change, until cancelled."""


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
    ``root_namespace`` is Istio's. ``security`` is how Envoys are served by TLS; None is not.
    """

    folder: Path | None = None
    cluster: Cluster | None = None
    state: Path | None = None
    vanish_grace: float = 30.0
    max_connection_age: float | None = None
    root_namespace: str = ROOT_NAMESPACE
    security: Security | None = None


async def serve(address: Address, options: Options) -> None:
    """Serve the config of the sources to Envoys at ``address`` until SIGINT or SIGTERM.

    Raises: ConfigFolderError: if the folder cannot be read at the start. ConnectError: if there is
    no usable configuration for the cluster. ListenError: if listening on the address fails.
    CertificateFileError: if there is no certificate in a file.

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
    secure = _secure(options, client, writing)
    admitting: list[Admissions] = []
    if secure is not None:
        admissions = secure.admissions(
            catalog, lambda: control.synced.wait(), rekey=lambda: discovery.rekey()
        )
        admitting = [admissions]
    control = Control(
        catalog,
        cache,
        sources=sources,
        intake=Intake(last_good, options.vanish_grace),
        interest=interest,
        problems=problems,
        listener=ChangeListeners(ChangeLog(options.vanish_grace), *writing, *admitting),
    )

    def key_of(node: base_pb2.Node) -> Audience:
        return audience_in(proxy_of_node(node), catalog)

    streams = StreamLog(control.origins, options.max_connection_age)
    discovery = DiscoveryServer(
        cache,
        key_of,
        callbacks=[interest, streams, *writing],
        authenticate=admitting[0].authenticate if admitting else None,
    )
    discovery.set_serving(False)
    stopping = asyncio.Event()
    with _on_signals(stopping.set):
        ports = [Port("--xds-address", address)]
        if secure is not None:
            if not await _completes(secure.start(), unless=stopping):
                return
            ports += secure.ports()
        server = await listen(discovery, ports, options.max_connection_age)
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
                if secure is not None:
                    running.append(tasks.create_task(secure.run()))
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


def _secure(
    options: Options, client: Client | None, writing: Collection[Writeback]
) -> SecurePorts | None:
    """Return the ports with TLS, or None. The leader renews what all replicas share."""
    if options.security is None:
        return None
    return SecurePorts(
        options.security,
        client,
        # Where nobody is elected everybody may: the API server refuses all but the first.
        is_leader=lambda: all(each.leader.is_leading for each in writing),
    )


async def _completes(work: Coroutine[Any, Any, None], *, unless: asyncio.Event) -> bool:
    """Do something to the end, unless the event comes first; return whether it is done."""
    working, waiting = asyncio.ensure_future(work), asyncio.ensure_future(unless.wait())
    try:
        await asyncio.wait([working, waiting], return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            await working
        return working.done()
    finally:
        working.cancel()
        waiting.cancel()


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
