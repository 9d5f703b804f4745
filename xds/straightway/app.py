"""The control plane, wired together: the one module that knows all others."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING

import structlog
from envoy.config.core.v3 import base_pb2

from straightway.catalog import Catalog
from straightway.cluster import SOURCE as KUBERNETES
from straightway.control import Control, Interest
from straightway.discovery import Cache, DiscoveryServer
from straightway.documents import ChangeListeners, ProblemStore, Reference
from straightway.intake import Intake, LastGood
from straightway.listening import SecurePorts
from straightway.logs.changes import ChangeLog
from straightway.logs.problems import log_problems
from straightway.logs.streams import StreamLog
from straightway.model_discovery import ModelDiscoveries
from straightway.options import Options
from straightway.plane import Plane, Source
from straightway.proxies.addresses import Address
from straightway.proxies.audience import Audience, audience_in, proxy_of_node
from straightway.sources.files import check_folder
from straightway.sources.folder import FolderSource
from straightway.state import StateFolder

if TYPE_CHECKING:
    # What only some control planes need is imported where it is: it takes a third of a second.
    from straightway.in_cluster import InCluster
    from straightway.kubernetes import Client

__all__ = ["Options", "serve"]

_log = structlog.get_logger()
_FOLDER = "folder"


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
    if writeback is not None:
        writeback.ask_for_own(discoveries.status)
        discoveries.report_to(writeback.own_changed)

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
    plane = Plane(
        options, client, sources, control, discoveries, discovery, secure, in_cluster, keep
    )
    try:
        await plane.serve(address)
    finally:
        streams.close()


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


def _not_indexed(reference: Reference, mistake: Exception) -> None:
    _log.error("internal error, the object is left out", object=str(reference), exc_info=mistake)


async def _keep_from_first_config(
    folder: StateFolder, last_good: LastGood, control: Control
) -> None:
    """Keep last good versions, but leave all of the CPU to the first load."""
    await control.synced.wait()
    await folder.keep(last_good)
