"""Where a Gateway can be reached: the addresses of the Services in front of its proxies."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator

from straightway.api import Service
from straightway.catalog import Catalog, RegisteredService, keys
from straightway.proxies.audience import Audience
from straightway.writeback.facts import Address


def addresses_of(catalog: Catalog, audiences: Iterable[Hashable]) -> tuple[Address, ...] | None:
    """Return the addresses of gateway proxies, sorted; None without proxies: nobody knows.

    ``audiences`` are those that the Gateway selects. Their labels are the ones by which Services
    select them, too, so the Services in front are found without looking at any Pod.
    """
    found: dict[Address, None] = {}
    is_known = False
    for audience in audiences:
        if isinstance(audience, Audience):
            is_known = True
            for service in _in_front_of(catalog, audience):
                item = catalog.object(service.source)
                if isinstance(item, Service):
                    found.update(dict.fromkeys(_of_service(item, service)))
    return tuple(sorted(found)) if is_known else None


def _in_front_of(catalog: Catalog, audience: Audience) -> Iterator[RegisteredService]:
    labels = dict(audience.labels)
    for key, value in audience.labels:
        for hostname in catalog.hostnames_at(keys.selecting(audience.namespace, key, value)):
            service = catalog.service(hostname)
            if service is not None and service.selects(labels):
                yield service


def _of_service(item: Service, service: RegisteredService) -> Iterator[Address]:
    """Yield a Service's addresses: the load balancer's, or its name inside of the cluster."""
    if item.spec.type != "LoadBalancer":
        yield Address("Hostname", service.hostname)
        return
    for ingress in item.status.load_balancer.ingress:
        if ingress.ip:
            yield Address("IPAddress", ingress.ip)
        elif ingress.hostname:
            yield Address("Hostname", ingress.hostname)
