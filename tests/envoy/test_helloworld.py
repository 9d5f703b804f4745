"""The second example: dynamic subsets of two keys, `stage` and `version`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.envoy.conftest import StartEnvoy
from tests.support.config_folder import ConfigFolder
from tests.support.http import HttpClient
from tests.support.objects import gateway_service, workload_entry
from tests.support.ports import free_port
from tests.support.upstreams import HttpUpstream

EXAMPLE = Path(__file__).parents[2] / "demo" / "helloworld"
CLUSTER = "outbound|8000||helloworld.default.svc.cluster.local"
WORKLOADS = [("dev", "v1"), ("dev", "v2"), ("dev", "v3"), ("prod", "v2"), ("prod", "v3")]


@pytest.fixture
def client(
    config: ConfigFolder,
    start_envoy: StartEnvoy,
    http_upstream: Callable[[str], HttpUpstream],
    http_client: Callable[[int], HttpClient],
    variant: str,
) -> HttpClient:
    """A client of a gateway that has the whole example, with one upstream a workload."""
    for name in ("service", "gateway", "destination-rule", "virtual-service"):
        config.write(f"{name}.yaml", (EXAMPLE / f"{name}.yaml").read_text())
    ports = []
    for stage, version in WORKLOADS:
        upstream = http_upstream(f"{stage}-{version}")
        ports.append(upstream.port)
        labels = {"app": "helloworld", "stage": stage, "version": version}
        entry = workload_entry(
            upstream.name, "default", labels=labels, ports={"http": upstream.port}
        )
        config.write(f"{upstream.name}.yaml", entry)
    port = free_port()
    config.write("port.yaml", gateway_service({8080: port}, selector={"istio": "ingressgateway"}))
    envoy = start_envoy()
    envoy.wait_for_endpoints(CLUSTER, *ports)
    envoy.wait_for_listener(port)
    return http_client(port)


def test_a_request_reaches_the_workload_that_both_headers_name(client: HttpClient) -> None:
    for stage, version in WORKLOADS:
        headers = {"x-stage": stage, "x-version": version}
        upstreams = {client.send(headers=headers).upstream for _ in range(10)}
        assert upstreams == {f"{stage}-{version}"}


def test_a_pair_that_no_workload_has_goes_nowhere(client: HttpClient) -> None:
    for headers in ({"x-stage": "prod", "x-version": "v1"}, {"x-stage": "qa", "x-version": "v2"}):
        answer = client.send(headers=headers)
        assert (answer.status, answer.body) == (503, b"no healthy upstream")


def test_one_header_or_none_may_go_anywhere(client: HttpClient) -> None:
    for headers in ({}, {"x-stage": "prod"}, {"x-version": "v1"}):
        assert all(client.send(headers=headers).ok for _ in range(10))
