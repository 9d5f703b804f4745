"""The least that a gateway does: a Gateway, a VirtualService and a Service become traffic."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.envoy.conftest import StartEnvoy
from tests.support.config_folder import ConfigFolder
from tests.support.envoy import GATEWAY_LABELS
from tests.support.http import HttpClient
from tests.support.load import Load
from tests.support.objects import gateway, gateway_service, service, workload_entry
from tests.support.ports import free_port
from tests.support.upstreams import HttpUpstream
from tests.support.waiting import eventually

VIRTUAL_SERVICE = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop, namespace: shop}
spec:
  hosts: ['*']
  gateways: [entry]
  http:
  - route:
    - destination: {host: checkout, port: {number: 80}}
"""
CLUSTER = "outbound|80||checkout.shop.svc.cluster.local"


@pytest.fixture
def port(config: ConfigFolder) -> int:
    """The port that Envoy binds for the Gateway's 8008."""
    port = free_port()
    config.write(
        "gateway.yaml",
        gateway("entry", "shop", selector=GATEWAY_LABELS, ports=[8008]),
        gateway_service({8008: port}, selector=GATEWAY_LABELS),
    )
    config.write(
        "checkout.yaml",
        service("checkout", "shop", selector={"app": "checkout"}, ports={"http": 80}),
        VIRTUAL_SERVICE,
    )
    return port


def write_workload(config: ConfigFolder, upstream: HttpUpstream) -> None:
    labels = {"app": "checkout"}
    entry = workload_entry(upstream.name, "shop", labels=labels, ports={"http": upstream.port})
    config.write(f"{upstream.name}.yaml", entry)


def test_a_request_reaches_the_workload(
    variant: str,
    port: int,
    config: ConfigFolder,
    start_envoy: StartEnvoy,
    http_upstream: Callable[[str], HttpUpstream],
    http_client: Callable[[int], HttpClient],
) -> None:
    write_workload(config, http_upstream("first"))
    envoy = start_envoy()
    envoy.wait_for_listener(port)

    answer = http_client(port).send("/path")

    assert (answer.status, answer.upstream) == (200, "first"), answer
    assert answer.json()["path"] == "/path"
    assert CLUSTER in envoy.clusters
    assert "http.8008.127.0.0.1" in envoy.routes


def test_workloads_come_and_go_without_a_failed_request(
    variant: str,
    port: int,
    config: ConfigFolder,
    start_envoy: StartEnvoy,
    http_upstream: Callable[[str], HttpUpstream],
    http_client: Callable[[int], HttpClient],
) -> None:
    first, second = http_upstream("first"), http_upstream("second")
    write_workload(config, first)
    envoy = start_envoy()
    envoy.wait_for_listener(port)

    with Load(http_client(port).send) as load:
        load.wait_for_more()
        write_workload(config, second)
        envoy.wait_for_endpoints(CLUSTER, first.port, second.port)
        eventually(lambda: load.upstreams["second"] > 20)
        config.remove("first.yaml")
        envoy.wait_for_endpoints(CLUSTER, second.port)
        after = load.wait_for_more(50)

    assert load.failures == []
    assert {answer.upstream for answer in after[5:]} == {"second"}
