"""What the log says of the streams."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from straightway.discovery import (
    CLUSTER,
    ROUTE_CONFIGURATION,
    ClientState,
    Closed,
    Variant,
)
from straightway.logs.streams import StreamLog
from straightway.proxies.audience import Audience, Role

AUDIENCE = Audience(Role.GATEWAY, "default", (("istio", "gw"),))
CLIENT = ClientState("gw-1", "gw", AUDIENCE, Variant.DELTA, "ipv4:10.0.0.1:1")
WHO = {"node": "gw-1", "audience": "router/default[istio=gw]"}
WEB = "outbound|80||web.default.svc.cluster.local"
ORIGINS: dict[tuple[Hashable, str, str], list[str]] = {
    (AUDIENCE, CLUSTER, WEB): ["Service default/web (web.yaml)"],
    (AUDIENCE, ROUTE_CONFIGURATION, "http.80"): ["VirtualService default/all (all.yaml)"],
    (AUDIENCE, ROUTE_CONFIGURATION, "http.90"): ["VirtualService default/other (all.yaml)"],
    (AUDIENCE, ROUTE_CONFIGURATION, "http.70"): ["VirtualService default/a", "Gateway default/b"],
}


@pytest.fixture
def log() -> StreamLog:
    def origins(key: Hashable, type_url: str, name: str, words: str) -> list[str]:
        found = ORIGINS.get((key, type_url, name), [])
        return [each for each in found if "virtual host" not in words or each.endswith(words[-5:])]

    return StreamLog(origins, max_connection_age=1800)


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
    assert closed["reason"] == "client disconnected"


@pytest.mark.parametrize(
    ("seconds", "reason", "said"),
    [
        (1600, Closed.GONE, "client disconnected"),
        (1630, Closed.GONE, "connection reached --max-connection-age"),
        (1990, Closed.GONE, "connection reached --max-connection-age"),
        (2000, Closed.GONE, "client disconnected"),
        (1800, Closed.SHUTDOWN, "shutting down"),
    ],
)
def test_a_connection_that_is_renewed_because_of_its_age_is_said_to_be(log, seconds, reason, said):
    client = replace(CLIENT, since=datetime.now(UTC) - timedelta(seconds=seconds))

    with capture_logs() as lines:
        log.stream_closed(client, reason)
        StreamLog(lambda *_: []).stream_closed(client, reason)

    assert [line["reason"] for line in lines] == [said, str(reason)]
    assert lines[0]["after_seconds"] == pytest.approx(seconds, abs=1)


def test_a_rejection_is_reported_in_envoys_words_with_the_objects_it_means(log):
    words = "Unexpected RDS configuration (expecting http.80): no"

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


def test_a_rejection_of_a_part_of_a_resource_names_the_objects_of_that_part(log):
    with capture_logs() as lines:
        log.nacked(CLIENT, ROUTE_CONFIGURATION, "virtual host ult/b", ["http.70"])

    (line,) = lines
    assert line["comes_from"] == ["Gateway default/b"]
