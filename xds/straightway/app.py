"""The control plane, wired together: the one module that knows all others."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import structlog
from envoy.config.core.v3 import base_pb2

from straightway.catalog import ROOT_NAMESPACE, Catalog
from straightway.cluster import SOURCE as KUBERNETES
from straightway.cluster import Cluster
from straightway.containment import contained
from straightway.control import Control, Interest
from straightway.discovery import Cache, DiscoveryServer
from straightway.documents import ChangeListeners, ProblemStore, Reference
from straightway.intake import Intake, LastGood
from straightway.listening import ListenError, Port, SecurePorts, Security, listen
from straightway.logs.changes import ChangeLog
from straightway.logs.problems import log_problems
from straightway.logs.streams import StreamLog
from straightway.model_discovery import ModelDiscoveries
from straightway.proxies.addresses import Address
from straightway.proxies.audience import Audience, audience_in, proxy_of_node
from straightway.sources import Update
from straightway.sources.files import check_folder
from straightway.sources.folder import FolderSource
from straightway.state import StateFolder
from straightway.system_errors import reason_of

if TYPE_CHECKING:
    # What only some control planes need is imported where it is: it takes a third of a second.
    from straightway.in_cluster import InCluster
    from straightway.kubernetes import Client
    from straightway.webhooks import WebhookOptions

__all__ = ["Cluster", "ListenError", "Options", "serve"]

_log = structlog.get_logger()
_FOLDER = "folder"

Work: TypeAlias = Iterator[Coroutine[Any, Any, None]]
"""What is to run until the end."""


class Source(Protocol):
    """Where config comes from."""

    async def run(self, emit: Callable[[Update], None]) -> None:
        """Emit everything, then every change, until cancelled."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to serve.

    ``folder`` and ``cluster`` are where config comes from: one of them, or both. ``state`` is the
    folder that keeps last good versions for the next start; None keeps none. ``vanish_grace`` is
    how long objects that vanish at once are held, and ``max_connection_age`` the age at which an
    Envoy's connection is renewed, so that Envoys spread over replicas; both in seconds.
    ``root_namespace`` is Istio's. ``security`` is how Envoys are served by TLS; None is not.
    ``webhooks`` is how the API server is answered, which needs ``security``. ``health`` is the
    address of HTTP probes.
    """

    folder: Path | None = None
    cluster: Cluster | None = None
    state: Path | None = None
    vanish_grace: float = 30.0
    max_connection_age: float | None = None
    root_namespace: str = ROOT_NAMESPACE
    security: Security | None = None
    webhooks: WebhookOptions | None = None
    health: Address | None = None


async def serve(address: Address, options: Options) -> None:
    """Serve the config of the sources to Envoys at ``address`` until SIGINT or SIGTERM.

    Raises: ConfigFolderError: if the folder cannot be read at the start. ConnectError: if there is
    no usable configuration for the cluster. ListenError: if listening on an address fails.
    UnusableFileError: if there is no certificate in a file.

    """
    if options.folder is not None:
        await asyncio.to_thread(check_folder, options.folder)
    state = StateFolder(options.state) if options.state is not None else None
    last_good = await asyncio.to_thread(state.open) if state is not None else LastGood()
    async with AsyncExitStack() as open_until_end:
        client = None
        if options.cluster is not None:
            from straightway.kubernetes import connect

            connection = connect(options.cluster.kubeconfig, options.cluster.context)
            client = await open_until_end.enter_async_context(connection)
            options.cluster.announce(client.server)
        await _serve(address, options, client, state, last_good)


async def _serve(
    address: Address,
    options: Options,
    client: Client | None,
    state: StateFolder | None,
    last_good: LastGood,
) -> None:
    problems = ProblemStore()
    problems.listen(log_problems)
    sources = _sources(options, client, last_good)
    in_cluster = _in_cluster(options, client, sources, problems)
    writeback = in_cluster.writeback if in_cluster is not None else None
    catalog = Catalog(options.root_namespace, mistaken=_not_indexed)
    cache = Cache()
    interest = Interest(cache)
    secure = _secure(options, client, in_cluster)
    admissions = None
    if secure is not None:
        admissions = secure.admissions(
            catalog, lambda: control.synced.wait(), rekey=lambda: discovery.rekey()
        )
    listeners = (ChangeLog(options.vanish_grace), writeback, admissions)
    control = Control(
        catalog,
        cache,
        sources=sources,
        intake=Intake(last_good, options.vanish_grace),
        interest=interest,
        problems=problems,
        listener=ChangeListeners(*(each for each in listeners if each is not None)),
    )

    discoveries = ModelDiscoveries(control, problems)

    def key_of(node: base_pb2.Node) -> Audience:
        return audience_in(proxy_of_node(node), catalog)

    streams = StreamLog(control.origins, options.max_connection_age)
    discovery = DiscoveryServer(
        cache,
        key_of,
        callbacks=[interest, streams, *([writeback] if writeback is not None else [])],
        authenticate=admissions.authenticate if admissions is not None else None,
    )
    discovery.set_serving(False)

    keep = partial(_keep_from_first_config, state, last_good, control) if state else None
    plane = _Plane(
        options, client, sources, control, discoveries, discovery, secure, in_cluster, keep
    )
    try:
        await plane.serve(address)
    finally:
        streams.close()


async def _run(work: Iterable[Coroutine[Any, Any, None]], *, until: asyncio.Event) -> None:
    """Run everything until the event comes."""
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(each) for each in work]
        await until.wait()
        _log.info("stopping")
        for task in running:
            task.cancel()


def _sources(options: Options, client: Client | None, last_good: LastGood) -> Mapping[str, Source]:
    def earlier(source: str) -> list[str]:
        return [place.key for place in last_good.unseen(source)]

    sources: dict[str, Source] = {}
    if options.folder is not None:
        sources[_FOLDER] = FolderSource(options.folder, earlier=earlier(_FOLDER))
    if options.cluster is not None and client is not None:
        from straightway.sources.kubernetes import KubernetesSource

        sources[KUBERNETES] = KubernetesSource(
            client,
            namespaces=options.cluster.namespaces,
            revision=options.cluster.revision,
            earlier=earlier(KUBERNETES),
        )
    return sources


def _in_cluster(
    options: Options,
    client: Client | None,
    sources: Mapping[str, Source],
    problems: ProblemStore,
) -> InCluster | None:
    if client is None or options.cluster is None:
        return None
    from straightway.in_cluster import InCluster
    from straightway.sources.kubernetes import KubernetesSource

    source = sources[KUBERNETES]
    assert isinstance(source, KubernetesSource)
    security = options.security
    return InCluster(
        client,
        options.cluster,
        source,
        problems,
        keeps_certificate=security is not None and security.secret is not None,
        answers_webhooks=options.webhooks is not None,
    )


def _secure(
    options: Options, client: Client | None, in_cluster: InCluster | None
) -> SecurePorts | None:
    """Return the ports with TLS, or None. The leader renews what all replicas share."""
    if options.security is None:
        return None
    if in_cluster is None:
        return SecurePorts(options.security, client)
    return SecurePorts(
        options.security,
        client,
        is_leader=in_cluster.is_leading,
        published=in_cluster.publish,
    )


@dataclass(frozen=True, slots=True)
class _Plane:
    """All parts, to be run."""

    options: Options
    client: Client | None
    sources: Mapping[str, Source]
    control: Control
    discoveries: ModelDiscoveries
    discovery: DiscoveryServer
    secure: SecurePorts | None
    in_cluster: InCluster | None
    keep: Callable[[], Coroutine[Any, Any, None]] | None
    """Keeps last good versions."""

    async def serve(self, address: Address) -> None:
        """Serve at ``address`` and the ports with TLS until a signal."""
        stopping = asyncio.Event()

        def is_ready() -> bool:
            return self.control.synced.is_set() and not stopping.is_set()

        with _on_signals(stopping.set):
            async with _probes(self.options.health, is_ready):
                ports = [Port("--xds-address", address)]
                if self.secure is not None:
                    if not await _completes(self.secure.start(), unless=stopping):
                        return
                    ports += self.secure.ports()
                server = await listen(self.discovery, ports, self.options.max_connection_age)
                try:
                    await _run(self._work(), until=stopping)
                finally:
                    await self.discovery.close()
                    await server.stop(grace=1.0)

    def _work(self) -> Work:
        yield _load_uncollected(self.control)
        yield _serve_from_first_config(self.discovery, self.control)
        yield self.control.run(self.discovery.rekey)
        for name, source in self.sources.items():
            yield source.run(partial(self.control.apply, name))
        yield contained("model discovery", self.discoveries.run)
        if self.secure is not None:
            yield contained("certificates", self.secure.run)
            if self.options.webhooks is not None:
                answer = partial(self._answer_webhooks, self.options.webhooks, self.secure)
                yield contained("webhooks", answer, unless=(ListenError,))
        if self.in_cluster is not None:
            yield from self.in_cluster.work(self.control, self.discovery)
        if self.keep is not None:
            yield self.keep()

    async def _answer_webhooks(self, options: WebhookOptions, secure: SecurePorts) -> None:
        from straightway.webhooks import run_webhooks
        from straightway.webhooks.running import DEFAULT_NAMESPACE

        namespace = self.client.namespace if self.client is not None else DEFAULT_NAMESPACE
        context, units = secure.tls.ssl_context, self.control.units
        is_complete = self.control.synced.is_set
        try:
            await run_webhooks(options, context, units, is_complete, namespace=namespace)
        except OSError as error:
            raise _cannot_listen(options.address, "--webhook-address", error) from error


@asynccontextmanager
async def _probes(address: Address | None, is_ready: Callable[[], bool]) -> AsyncIterator[None]:
    if address is None:
        yield
        return
    from straightway.probes import serve_probes

    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(serve_probes(address, is_ready))
        except OSError as error:
            raise _cannot_listen(address, "--health-address", error) from error
        yield


def _cannot_listen(address: Address, option: str, error: OSError) -> ListenError:
    return ListenError(
        f"Cannot listen on {address}: {reason_of(error)}. "
        f"Choose another address with {option} HOST:PORT."
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
        # What it uses is closed next.
        await asyncio.gather(working, waiting, return_exceptions=True)


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
