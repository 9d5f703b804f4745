"""The harness itself: a real Envoy without a control plane, in front of the upstreams."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.envoy import EnvoyProcess
from tests.support.http import HttpClient
from tests.support.inference import GrpcClient, GrpcUpstream
from tests.support.load import Load
from tests.support.ports import free_port
from tests.support.processes import ManagedProcess
from tests.support.upstreams import HttpUpstream


def address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def forwarding(listen: int, upstream: int) -> dict[str, Any]:
    """A bootstrap that passes TCP connections on."""
    proxy = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
        "stat_prefix": "tcp",
        "cluster": "upstream",
    }
    endpoint = {"endpoint": {"address": address(upstream)}}
    return {
        "admin": {"address": address(0)},
        "static_resources": {
            "listeners": [
                {
                    "name": "entry",
                    "address": address(listen),
                    "filter_chains": [
                        {
                            "filters": [
                                {"name": "envoy.filters.network.tcp_proxy", "typed_config": proxy}
                            ]
                        }
                    ],
                }
            ],
            "clusters": [
                {
                    "name": "upstream",
                    "type": "STATIC",
                    "load_assignment": {
                        "cluster_name": "upstream",
                        "endpoints": [{"lb_endpoints": [endpoint]}],
                    },
                }
            ],
        },
    }


@pytest.fixture
def envoy_before(
    processes: list[ManagedProcess], tmp_path: Path
) -> Callable[[int], tuple[EnvoyProcess, int]]:
    def start(upstream: int) -> tuple[EnvoyProcess, int]:
        port = free_port()
        envoy = EnvoyProcess("static", forwarding(port, upstream), tmp_path)
        processes.append(envoy)
        envoy.start()
        envoy.wait_for_listener(port)
        return envoy, port

    return start


def test_a_request_through_envoy_reaches_the_http_upstream(
    envoy_before: Callable[[int], tuple[EnvoyProcess, int]],
    http_upstream: Callable[[str], HttpUpstream],
    http_client: Callable[[int], HttpClient],
) -> None:
    envoy, port = envoy_before(http_upstream("first").port)

    answer = http_client(port).send("/path", method="POST", headers={"model": "a"}, body=b"hello")

    assert (answer.status, answer.upstream) == (200, "first")
    echo = answer.json()
    assert (echo["method"], echo["path"], echo["body"]) == ("POST", "/path", "hello")
    assert echo["headers"]["model"] == "a"
    assert envoy.stat("cluster.upstream.upstream_cx_total") > 0


def test_a_call_through_envoy_reaches_the_grpc_upstream(
    envoy_before: Callable[[int], tuple[EnvoyProcess, int]],
    grpc_upstream: Callable[[str], GrpcUpstream],
    grpc_client: Callable[[int], GrpcClient],
) -> None:
    _, port = envoy_before(grpc_upstream("first").port)

    answer = grpc_client(port).infer("mnist", 1.0, 2.0)

    assert (answer.status, answer.upstream, answer.error) == (200, "first", "")


def test_a_load_tells_failures_from_good_answers(
    http_upstream: Callable[[str], HttpUpstream], http_client: Callable[[int], HttpClient]
) -> None:
    upstream = http_upstream("first")
    with Load(http_client(upstream.port).send) as load:
        load.wait_for_more(20)
        assert load.failures == []
        upstream.close()
        load.wait_for_more(20)

    assert load.upstreams["first"] >= 20
    assert all(answer.error for answer in load.failures[1:])


def test_an_envoy_that_ends_at_once_is_reported_with_its_log(tmp_path: Path) -> None:
    envoy = EnvoyProcess("broken", {"admin": "nonsense"}, tmp_path)
    with pytest.raises(RuntimeError, match="nonsense"):
        envoy.start()
