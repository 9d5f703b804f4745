"""Static listeners of a proxy in a Pod: readiness, metrics and drain, in front of Envoy's admin.

Envoy's admin interface can stop an Envoy and prints its secrets' names, so it stays on the loopback
address, where no kubelet reaches it. Each of these listeners answers one path:

======== ================== ======================================================================
readiness /healthz/ready     200 once Envoy has its first config (admin ``/ready``)
metrics   /stats/prometheus  Envoy's statistics
drain     /drain             starts a graceful drain, and answers when it is over
======== ================== ======================================================================

An Envoy does not listen before it has its first config. Until then all three refuse connections.

The drain is what a Pod's ``preStop`` hook needs: Envoy exits at once on SIGTERM, its image has no
shell, and a kubelet sends GET, which admin does not take for an action. So a Lua filter makes the
POST, and a fault filter holds the answer back. A kubelet waits for it up to the grace period.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

import betterproto2
from envoy_data_plane.envoy.config.cluster import v3 as cluster
from envoy_data_plane.envoy.config.core import v3 as core
from envoy_data_plane.envoy.config.endpoint import v3 as endpoint
from envoy_data_plane.envoy.config.listener import v3 as listener
from envoy_data_plane.envoy.config.route import v3 as route
from envoy_data_plane.envoy.extensions.filters.common.fault import v3 as common_fault
from envoy_data_plane.envoy.extensions.filters.http.fault import v3 as fault
from envoy_data_plane.envoy.extensions.filters.http.lua import v3 as lua
from envoy_data_plane.envoy.extensions.filters.http.router import v3 as router
from envoy_data_plane.envoy.extensions.filters.network.http_connection_manager import v3 as hcm
from envoy_data_plane.envoy.type import v3 as envoy_type
from envoy_data_plane.google import protobuf

from straightway.proxies.addresses import Address

ADMIN_CLUSTER = "envoy-admin"
READY_PATH = "/healthz/ready"
METRICS_PATH = "/stats/prometheus"
DRAIN_PATH = "/drain"

_HCM = "envoy.filters.network.http_connection_manager"
_LUA = "envoy.filters.http.lua"
_FAULT = "envoy.filters.http.fault"
_ROUTER = "envoy.filters.http.router"

# `graceful` closes each connection after a response, more and more of them until --drain-time-s is
# over. With `skip_exit` Envoy keeps listening after that: a load balancer may be slow to notice.
_START_DRAIN = f"""\
function envoy_on_request(request)
  request:httpCall("{ADMIN_CLUSTER}", {{
    [":method"] = "POST",
    [":path"] = "/drain_listeners?graceful&skip_exit",
    [":authority"] = "{ADMIN_CLUSTER}",
  }}, nil, 5000)
end
"""


@dataclass(frozen=True, slots=True)
class KubeletListeners:
    """Where a proxy answers its kubelet and Prometheus; None for a listener that it does without.

    ``drain_seconds`` is how long an answer to ``/drain`` takes. It should exceed Envoy's
    ``--drain-time-s`` by as much as requests may still take then.
    """

    readiness: Address | None = None
    metrics: Address | None = None
    drain: Address | None = None
    drain_seconds: int = 35

    def listeners(self) -> list[listener.Listener]:
        """Return the static listeners."""
        return list(self._listeners())

    def clusters(self, admin: Address) -> list[cluster.Cluster]:
        """Return the static cluster that they lead to: Envoy's admin at ``admin``."""
        return [_admin_cluster(admin)] if any(self._listeners()) else []

    def _listeners(self) -> Iterator[listener.Listener]:
        if self.readiness is not None:
            yield _listener("readiness", self.readiness, _to_admin(READY_PATH, "/ready"))
        if self.metrics is not None:
            yield _listener("metrics", self.metrics, _to_admin(METRICS_PATH, METRICS_PATH))
        if self.drain is not None:
            drain = _draining(timedelta(seconds=self.drain_seconds))
            filters = {_LUA: lua.Lua(), _FAULT: fault.HttpFault()}
            yield _listener("drain", self.drain, drain, filters)


NO_LISTENERS = KubeletListeners()


def _to_admin(path: str, page: str) -> route.Route:
    return route.Route(
        match=route.RouteMatch(path=path),
        route=route.RouteAction(cluster=ADMIN_CLUSTER, prefix_rewrite=page),
    )


def _draining(wait: timedelta) -> route.Route:
    always = envoy_type.FractionalPercent(numerator=100)
    start = lua.LuaPerRoute(source_code=core.DataSource(inline_string=_START_DRAIN))
    delay = fault.HttpFault(delay=common_fault.FaultDelay(fixed_delay=wait, percentage=always))
    return route.Route(
        match=route.RouteMatch(path=DRAIN_PATH),
        direct_response=route.DirectResponseAction(
            status=200, body=core.DataSource(inline_string="drained\n")
        ),
        typed_per_filter_config={
            _LUA: protobuf.Any.pack(start),
            _FAULT: protobuf.Any.pack(delay),
        },
    )


def _listener(
    name: str,
    address: Address,
    only: route.Route,
    filters: Mapping[str, betterproto2.Message] | None = None,
) -> listener.Listener:
    """Return an HTTP listener with one route; every other path is answered 404."""
    chain = {**(filters or {}), _ROUTER: router.Router()}
    manager = hcm.HttpConnectionManager(
        stat_prefix=name,
        route_config=route.RouteConfiguration(
            name=name,
            virtual_hosts=[route.VirtualHost(name=name, domains=["*"], routes=[only])],
        ),
        http_filters=[
            hcm.HttpFilter(name=name, typed_config=protobuf.Any.pack(config))
            for name, config in chain.items()
        ],
        # An answer to /drain may take longer than Envoy's limit of five minutes without a byte.
        stream_idle_timeout=timedelta(0),
    )
    return listener.Listener(
        name=name,
        address=core.Address(
            socket_address=core.SocketAddress(
                address=address.host, port_value=address.port, ipv4_compat=address.host == "::"
            )
        ),
        filter_chains=[
            listener.FilterChain(
                filters=[listener.Filter(name=_HCM, typed_config=protobuf.Any.pack(manager))]
            )
        ],
        # A proxy with all the connections that it may have is not unready.
        ignore_global_conn_limit=True,
    )


def _admin_cluster(admin: Address) -> cluster.Cluster:
    address = core.SocketAddress(address=admin.host, port_value=admin.port)
    host = endpoint.LbEndpoint(
        endpoint=endpoint.Endpoint(address=core.Address(socket_address=address))
    )
    return cluster.Cluster(
        name=ADMIN_CLUSTER,
        type=cluster.ClusterDiscoveryType.STATIC,
        connect_timeout=timedelta(seconds=1),
        load_assignment=endpoint.ClusterLoadAssignment(
            cluster_name=ADMIN_CLUSTER,
            endpoints=[endpoint.LocalityLbEndpoints(lb_endpoints=[host])],
        ),
    )
