"""Assignments, encoded: joined from blocks of encoded endpoints.

The version of an assignment is a digest of its blocks' digests, so one changed endpoint costs the
digest of its block.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple

from straightway.api.values import is_ip
from straightway.catalog import Observation
from straightway.catalog.endpoints import Endpoint as Found
from straightway.catalog.labels import selects
from straightway.discovery import CLUSTER_LOAD_ASSIGNMENT, Resource
from straightway.documents import Reference
from straightway.routing.clusters import Cluster, Endpoint, Resolution
from straightway.routing.istio.clusters import cluster_of
from straightway.routing.istio.destinations import ClusterKey, chosen
from straightway.routing.istio.endpoints import (
    Block,
    endpoint_blocks,
    endpoints_in,
    neutral_endpoint,
)
from straightway.snapshots.digest import digest
from straightway.translate import endpoints
from straightway.units import Reading

_NOTHING: Mapping[str, Observation] = {}
Held = Mapping[str, Observation]
"""What a workload was observed to hold, by subset key."""
Labels = tuple[tuple[str, str], ...]
Place = tuple[str, int]
"""An address and a port."""


BlockCall = tuple[Block, str, int, tuple[str, ...], Labels]
"""The arguments of :func:`encoded_block`."""


class Encoded(NamedTuple):
    """An endpoint and its encoded ``LbEndpoint``; ``workload`` is the object behind it."""

    place: Place
    value: Endpoint
    body: bytes
    workload: Reference | None
    is_ipv4: bool


class EncodedBlock(NamedTuple):
    """Some endpoints of a cluster, ordered by address and port, as far as they are kept.

    ``places`` is where they are. ``bodies`` are the encoded endpoints of each locality, joined, and
    ``digest`` is their digest. ``is_ipv4``: all addresses are IPv4.
    """

    places: tuple[Place, ...]
    bodies: tuple[tuple[str, bytes], ...]
    is_ipv4: bool
    digest: bytes


def assignment(reading: Reading, key: ClusterKey) -> Resource | None:
    """Return an encoded ClusterLoadAssignment, or None if its cluster no longer exists."""
    cluster = reading.make(cluster_of, key)
    if cluster is None or cluster.found_by is not Resolution.STATIC:
        return None
    calls = _calls(reading, key, cluster)
    blocks = [reading.make(encoded_block, *call) for call in calls]
    if all(block.is_ipv4 for block in blocks) and not _overlap(blocks):
        parts = endpoints.assignment(
            cluster.name, (each for block in blocks for each in block.bodies)
        )
        version = digest(block.digest for block in blocks).hex()
    else:
        # EDS accepts IP addresses only: other endpoints are left out.
        found = (each for each in endpoints_of(reading, key, cluster) if is_ip(each.value.address))
        parts = endpoints.assignment(
            cluster.name, ((each.value.locality, each.body) for each in found)
        )
        version = digest(parts).hex()
    return Resource.encoded(cluster.name, CLUSTER_LOAD_ASSIGNMENT, *parts, version=version)


def _overlap(blocks: Sequence[EncodedBlock]) -> bool:
    """Whether an address and port occurs twice."""
    places = frozenset[Place]().union(*(block.places for block in blocks))
    return len(places) < sum(len(block.places) for block in blocks)


def _calls(reading: Reading, key: ClusterKey, cluster: Cluster) -> list[BlockCall]:
    """Return what makes a cluster's endpoints, block by block."""
    found = chosen(reading, key)
    labels: Labels = ()
    if found is not None and found.subset is not None:
        labels = tuple(sorted(found.subset.labels.items()))
    return [
        (block, key.hostname, key.port, cluster.subset_keys, labels)
        for block in reading.make(endpoint_blocks, key.hostname)
    ]


def endpoints_of(reading: Reading, key: ClusterKey, cluster: Cluster) -> list[Encoded]:
    """Return the endpoints of a cluster, in order of address and port, each once.

    They are kept nowhere, because hardly any cluster needs more than their bytes.
    """
    found = [each for call in _calls(reading, key, cluster) for each in _encoded(reading, *call)]
    found.sort(key=itemgetter(0))
    if any(":" in each.value.address for each in found):
        found = _each_at_one_address(found)
    return _each_once(found)


def _each_once(found: Iterable[Encoded]) -> list[Encoded]:
    """Return one endpoint for each address and port.

    Of several workloads there, the last by name wins, whatever their blocks; a WorkloadEntry wins
    over a Pod.
    """
    by_place: dict[Place, Encoded] = {}
    for each in found:
        other = by_place.get(each.place)
        if other is None or (other.workload or ()) < (each.workload or ()):
            by_place[each.place] = each
    return list(by_place.values())


def _each_at_one_address(found: list[Encoded]) -> list[Encoded]:
    """Leave out the IPv6 addresses of workloads that also have an IPv4 address.

    A Pod of a dual-stack service is in EndpointSlices of both families; it is one endpoint.
    """
    in_ipv4 = {each.workload for each in found if ":" not in each.value.address} - {None}
    return [each for each in found if ":" not in each.value.address or each.workload not in in_ipv4]


def encoded_block(
    reading: Reading,
    block: Block,
    hostname: str,
    port: int,
    subset_keys: tuple[str, ...],
    labels: Labels,
) -> EncodedBlock:
    """Return the encoded endpoints of a block, for a service's port.

    They carry the values of ``subset_keys``; only those with all of ``labels`` are included.
    """
    encoded = _encoded(reading, block, hostname, port, subset_keys, labels)
    bodies: dict[str, list[bytes]] = {}
    for each in encoded:
        bodies.setdefault(each.value.locality, []).append(each.body)
    by_locality = tuple((locality, b"".join(each)) for locality, each in bodies.items())
    return EncodedBlock(
        places=tuple([each.place for each in encoded]),
        bodies=by_locality,
        is_ipv4=all(each.is_ipv4 for each in encoded),
        digest=digest(part for each in by_locality for part in (each[0].encode(), each[1])),
    )


def _encoded(
    reading: Reading,
    block: Block,
    hostname: str,
    port: int,
    subset_keys: tuple[str, ...],
    labels: Labels,
) -> list[Encoded]:
    """Return a block's endpoints, in order of address and port."""
    service = reading.service(hostname)
    service_port = service.port(port) if service is not None else None
    if service is None or service_port is None:
        return []
    encoded = []
    for item in endpoints_in(reading, block, service, service_port):
        if not labels or selects(labels, item.labels):
            workload = item.workload if subset_keys else None
            held = reading.held(workload) if workload is not None else _NOTHING
            encoded.append(_ENCODED.get(item, held, subset_keys))
    encoded.sort(key=itemgetter(0))
    return encoded


class _EncodedEndpoints:
    """Encodes an endpoint once for all services that it is behind.

    What a workload has for labels, annotations and observations never changes, and is the same
    wherever the workload is found. So it is known by its identity: comparing it would take longer
    than all else.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        # With what each was made from: as long as that is kept, its identity is no other's.
        self._known: dict[object, tuple[Encoded, Found, Held]] = {}

    def get(self, item: Found, held: Held, subset_keys: tuple[str, ...]) -> Encoded:
        """Return an endpoint, encoded with its values for the subset keys."""
        address, port, labels, annotations, *rest = item
        key = (address, port, id(labels), id(annotations), *rest, id(held), subset_keys)
        known = self._known.get(key)
        if known is None:
            if len(self._known) == self._most:
                del self._known[next(iter(self._known))]
            known = self._known[key] = (_encode(item, held, subset_keys), item, held)
        return known[0]


_ENCODED = _EncodedEndpoints(1 << 14)


def _encode(item: Found, held: Held, subset_keys: tuple[str, ...]) -> Encoded:
    value = neutral_endpoint(item, held, subset_keys)
    is_ipv4 = ":" not in value.address and is_ip(value.address)
    place = (value.address, value.port)
    return Encoded(place, value, endpoints.encode_endpoint(value), item.workload, is_ipv4)
