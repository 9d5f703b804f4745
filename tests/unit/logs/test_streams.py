"""What the log says of the streams, and what the control loop learns from them."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from straightway.control.loop import Control
from straightway.discovery import (
    CLUSTER,
    ROUTE_CONFIGURATION,
    Cache,
    ClientState,
    Closed,
    Variant,
)
from straightway.logs.streams import StreamLog
from straightway.proxies.audience import Audience, Role
from straightway.sources import Update
from tests.support.configs import GATEWAY, bundle, istio, service
from tests.support.virtual_time import run

AUDIENCE = Audience(Role.GATEWAY, "default", (("istio", "gw"),))
CLIENT = ClientState("gw-1", "gw", AUDIENCE, Variant.DELTA, "ipv4:10.0.0.1:1")
WHO = {"node": "gw-1", "audience": "router/default[istio=gw]"}
ROUTES = "hosts: ['*']\ngateways: [gw]\nhttp: [{route: [{destination: {host: %s}}]}]"
TEXTS = {
    "gateway.yaml": GATEWAY,
    "web.yaml": service("web", "{name: http, port: 80}"),
    "all.yaml": istio("VirtualService", "all", ROUTES % "web"),
}
WEB = "outbound|80||web.default.svc.cluster.local"


@pytest.fixture
def control() -> Control:
    """A control loop that has config in force."""
    control = Control(Cache())

    async def put_in_force():
        task = asyncio.create_task(control.run())
        bundles = tuple(bundle(text, key) for key, text in TEXTS.items())
        control.apply(Update(bundles, synced=True))
        await control.synced.wait()
        task.cancel()

    run(put_in_force())
    return control


@pytest.fixture
def log(control) -> StreamLog:
    control.want(AUDIENCE)
    return StreamLog(control)


def test_an_audience_is_kept_as_long_as_a_stream_wants_it(control):
    log = StreamLog(control)

    log.audience_wanted(AUDIENCE)
    kept = control.origins(AUDIENCE, WEB)
    log.audience_unused(AUDIENCE)

    assert kept == ["Service default/web (web.yaml)"]
    assert control.origins(AUDIENCE, WEB) == []


def test_a_proxy_comes_and_goes(log):
    with capture_logs() as lines:
        log.stream_opened(CLIENT)
        log.stream_closed(CLIENT, Closed.GONE)

    opened, closed = lines
    assert opened == {
        "event": "proxy connected",
        "log_level": "info",
        "variant": "delta",
        "peer": "ipv4:10.0.0.1:1",
        **WHO,
    }
    assert closed["event"] == "proxy disconnected"
    assert closed["reason"] == "the client has gone"


def test_a_rejection_is_told_in_envoys_words_with_the_objects_it_means(log):
    words = "Error adding route http.80: no"

    with capture_logs() as lines:
        log.nacked(CLIENT, ROUTE_CONFIGURATION, words, ["http.80", "http.90"])

    (line,) = lines
    assert (line["log_level"], line["envoy_says"], line["type"]) == (
        "error",
        words,
        "RouteConfiguration",
    )
    assert line["resources"] == ["http.80"]
    assert line["comes_from"] == ["VirtualService default/all (all.yaml)"]


def test_a_rejection_that_names_nothing_may_mean_everything_sent(log):
    with capture_logs() as lines:
        log.nacked(CLIENT, CLUSTER, "no", [WEB, "BlackHoleCluster"])

    (line,) = lines
    assert line["resources"] == [WEB, "BlackHoleCluster"]
    assert line["comes_from"] == ["Service default/web (web.yaml)"]
