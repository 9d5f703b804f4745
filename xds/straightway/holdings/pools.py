"""Pools: which runtimes are asked what they hold, and how.

A pool is the set of runtimes that one ModelDiscovery names: the endpoints of a service, or the
workloads that a selector matches.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from types import MappingProxyType
from typing import Final, NamedTuple

from straightway.api import ModelDiscovery, Pod, Secret, WorkloadEntry
from straightway.api.model_discovery import ModelApi as Api
from straightway.api.model_discovery import ModelDiscoverySpec, Versions
from straightway.catalog import keys
from straightway.catalog.blocks import divided
from straightway.catalog.endpoints import Endpoint
from straightway.catalog.labels import labels_of, selects
from straightway.documents import Reference
from straightway.documents.secrets import Sealed
from straightway.routing.istio.credentials import secret_reference
from straightway.routing.istio.discoveries import service_of, subset_key
from straightway.routing.istio.endpoints import Block, endpoint_blocks, endpoints_in
from straightway.units import Reading

__all__ = [
    "USUAL_PORTS",
    "Access",
    "Api",
    "Pool",
    "Settings",
    "Target",
    "Versions",
    "pool_of",
    "pools",
]

Port = int | str | None
"""A number, a name, or None for the first port of the service."""

USUAL_PORTS: Final[Mapping[Api, int]] = MappingProxyType(
    {
        Api.TRITON: 8000,
        Api.MLSERVER: 8080,
        Api.KSERVE: 8080,
        Api.OPENAI: 8000,
        Api.TORCHSERVE: 8081,
        Api.MODELMESH: 8033,
    }
)
"""The port at which each server tells what it holds, unless it is configured otherwise."""


class Target(NamedTuple):
    """One runtime: the workload behind an endpoint, and where it is asked.

    ``workload`` is the key under which its observations are kept. ``pod`` is its Pod's name, empty
    if it is none.
    """

    workload: Reference
    address: str
    port: int
    pod: str = ""

    def __str__(self) -> str:
        """Return its workload's name and where it is asked, for people."""
        return f"{self.workload.name} ({self.address}:{self.port})"


@dataclass(frozen=True, slots=True)
class Access:
    """How to connect: by TLS if ``tls``, verified by ``ca`` (PEM; None: the system's authorities).

    ``server_name`` is the name that the certificate must have, empty for the address. ``token`` is
    sent as a bearer token; it appears in no text form.
    """

    tls: bool = False
    ca: bytes | None = None
    server_name: str = ""
    token: Sealed | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """How the runtimes of a pool are asked; times in seconds.

    ``key`` is the subset key whose values their models are. A runtime that stops answering keeps
    what it held until ``stale_after``; it counts as failing after ``failure_threshold`` failures in
    a row. ``strip`` is a prefix to leave out of names.
    """

    key: str
    api: Api
    interval: float = 1.0
    timeout: float = 5.0
    failure_threshold: int = 3
    stale_after: float = 60.0
    strip: str = ""
    versions: Versions = Versions.NONE
    access: Access = Access()
    etcd: str = ""
    """The URL of ModelMesh's etcd, with its root path."""


@dataclass(frozen=True, slots=True)
class Pool:
    """The runtimes that one ModelDiscovery names."""

    discovery: Reference
    settings: Settings
    targets: tuple[Target, ...]


# --- Units -----------------------------------------------------------------------------------


def pools(reading: Reading) -> tuple[Pool, ...]:
    """Return all pools, that of the oldest ModelDiscovery first."""
    found = (reading.make(pool_of, each) for each in reading.objects(keys.of_kind(ModelDiscovery)))
    return tuple(pool for pool in found if pool is not None)


def pool_of(reading: Reading, discovery: Reference) -> Pool | None:
    """Return the pool of a ModelDiscovery; None without a subset key, which a check reports."""
    found = reading.object(ModelDiscovery, discovery)
    key = reading.make(subset_key, discovery)
    if found is None or not key:
        return None
    settings = _settings(found.spec, key, _access(reading, found))
    return Pool(discovery, settings, reading.make(targets_of, discovery))


def targets_of(reading: Reading, discovery: Reference) -> tuple[Target, ...]:
    """Return the runtimes that a ModelDiscovery names, each workload once."""
    found = reading.object(ModelDiscovery, discovery)
    targets: dict[Reference, Target] = {}
    if found is not None:
        for target in _targets_of(reading, found):
            targets.setdefault(target.workload, target)
    return tuple(targets.values())


def _targets_of(reading: Reading, discovery: ModelDiscovery) -> Iterator[Target]:
    spec = discovery.spec
    port = spec.port or USUAL_PORTS.get(spec.api)
    if spec.workload_selector is not None:
        pairs = tuple(sorted(spec.workload_selector.match_labels.items()))
        namespace = discovery.metadata.namespace
        listed = reading.objects(keys.labelled(namespace, *pairs[0]))
        for some in divided(listed, attrgetter("name"), finely=True):
            yield from reading.make(selected_targets, some, pairs, port)
        return
    service = service_of(reading, discovery)
    if service is not None:
        for block in reading.make(endpoint_blocks, service.hostname):
            yield from reading.make(targets_in, block, service.hostname, port)


def targets_in(reading: Reading, block: Block, hostname: str, port: Port) -> tuple[Target, ...]:
    """Return the runtimes in a block of a service's endpoints."""
    service = reading.service(hostname)
    if service is None:
        return ()
    named = next((each for each in service.ports if each.name == port), None)
    found: list[Target] = []
    for each in (named,) if named is not None else service.ports:
        for endpoint in endpoints_in(reading, block, service, each):
            number = _number(reading, endpoint, port if named is None else None)
            if endpoint.workload is not None and number:
                found.append(_target(endpoint.workload, endpoint.address, number))
        if found:
            break  # The other ports have the same endpoints.
    return tuple(found)


def selected_targets(
    reading: Reading, block: Block, pairs: tuple[tuple[str, str], ...], port: Port
) -> tuple[Target, ...]:
    """Return the runtimes among some workloads that have all of these labels."""
    found = (_selected(reading, each, pairs, port) for each in block)
    return tuple(target for target in found if target is not None)


def _selected(
    reading: Reading, reference: Reference, pairs: tuple[tuple[str, str], ...], port: Port
) -> Target | None:
    pod = reading.object(Pod, reference)
    if pod is not None:
        address = pod.status.pod_ip
        number = pod.port_named(port) if isinstance(port, str) else port
        if not address or not number or not selects(pairs, labels_of(pod)):
            return None
        return _target(reference, address, number)
    entry = reading.object(WorkloadEntry, reference)
    if entry is None or not selects(pairs, labels_of(entry)):
        return None
    number = entry.spec.ports.get(port) if isinstance(port, str) else port
    return _target(reference, entry.spec.address, number) if number else None


def _number(reading: Reading, endpoint: Endpoint, port: Port) -> int | None:
    """Return the port at which an endpoint is asked; None if it has none of this name."""
    if isinstance(port, str):
        pod = reading.object(Pod, endpoint.workload) if endpoint.workload is not None else None
        return pod.port_named(port) if pod is not None else None
    return port or endpoint.port


def _target(workload: Reference, address: str, port: int) -> Target:
    return Target(workload, address, port, workload.name if workload.kind == "Pod" else "")


def _access(reading: Reading, discovery: ModelDiscovery) -> Access:
    spec, namespace = discovery.spec, discovery.metadata.namespace
    secret = None
    if spec.credential_name:
        secret = reading.object(Secret, secret_reference(namespace, spec.credential_name))
    authorities = secret.authorities if secret is not None else None
    return Access(
        tls=spec.tls is not None,
        ca=authorities.reveal() if authorities is not None else None,
        server_name=(spec.tls.server_name or "") if spec.tls is not None else "",
        token=secret.entries.get("token") if secret is not None else None,
    )


def _settings(spec: ModelDiscoverySpec, key: str, access: Access) -> Settings:
    return Settings(
        key=key,
        api=spec.api,
        interval=spec.interval.total_seconds(),
        timeout=spec.timeout.total_seconds(),
        failure_threshold=spec.failure_threshold,
        stale_after=spec.stale_after.total_seconds(),
        strip=spec.names.strip or "",
        versions=spec.names.versions,
        access=access,
        etcd=spec.etcd or "",
    )
