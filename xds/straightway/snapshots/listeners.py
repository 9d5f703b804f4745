"""Listeners, encoded."""

from __future__ import annotations

from straightway.discovery import Resource
from straightway.proxies.audience import Audience
from straightway.routing import names
from straightway.routing.istio.gateways import BoundPort, transcoders_at
from straightway.routing.istio.transcoders import transcoder_of
from straightway.routing.listeners import HttpListener, Side
from straightway.snapshots.routes import gateway_route_name
from straightway.translate.listeners import (
    Listener,
    http_listener,
    virtual_inbound,
    virtual_outbound,
)
from straightway.translate.transcoding import missing_services, transcoder_filter
from straightway.units import Reading


def gateway_listener(reading: Reading, bound: BoundPort, audience: Audience) -> Resource:
    """Return the listener of a gateway's port, with its transcoders."""
    value = HttpListener(
        bound.address,
        bound.port,
        gateway_route_name(bound),
        finds_keys=audience.finds_keys,
        answers_missing=audience.leaves_subsets,
    )
    transcoders = map(transcoder_of, transcoders_at(reading, audience, bound.ports))
    # Envoy would reject the whole listener for an incomplete descriptor.
    usable = (each for each in transcoders if missing_services(each) == [])
    return _resource(http_listener(value, map(transcoder_filter, usable)))


def sidecar_listener(
    _reading: Reading, port: int, captured: bool, finds_keys: bool, answers_missing: bool
) -> Resource:
    """Return the listener of sidecars for the requests that applications send to a port.

    Without redirection the application itself must call the sidecar, on the loopback address.
    """
    address = "0.0.0.0" if captured else "127.0.0.1"  # noqa: S104 (binds no port)
    routes = names.sidecar_route(port)
    value = HttpListener(
        address,
        port,
        routes,
        Side.APPLICATION,
        captured,
        finds_keys=finds_keys,
        answers_missing=answers_missing,
    )
    return _resource(http_listener(value))


def outbound_listener(_reading: Reading) -> Resource:
    """Return the listener to which all traffic from applications is redirected."""
    return _resource(virtual_outbound())


def inbound_listener(_reading: Reading) -> Resource:
    """Return the listener to which all traffic to applications is redirected."""
    return _resource(virtual_inbound())


def _resource(message: Listener) -> Resource:
    return Resource.of(message.name, message)
