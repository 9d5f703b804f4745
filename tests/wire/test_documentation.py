"""The page of the discovery library: its example runs, and its rules have their tests."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment
from envoy.service.discovery.v3.ads_pb2_grpc import AggregatedDiscoveryServiceStub
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse

from straightway import discovery
from tests.support.calls import read
from tests.support.ports import free_port
from tests.support.waiting import DEADLINE

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/discovery.md").read_text()
EXAMPLES = re.findall(r"```python\n(.+?)```", PAGE, re.DOTALL)


def rules() -> Iterator[tuple[int, list[str]]]:
    """Yield each rule's number and the files of its tests."""
    for number, tests in re.findall(r"^\| (\d+) \| .+ \| (.+) \|$", PAGE, re.MULTILINE):
        yield int(number), re.findall(r"`([^`]+)`", tests)


async def test_the_example_serves_its_cluster_and_moves_its_endpoint():
    example = EXAMPLES[0]
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(example, "docs/discovery.md", "exec"), names)
    address = f"127.0.0.1:{free_port()}"
    server = asyncio.create_task(names["serve"](address))

    async with grpc.aio.insecure_channel(address) as channel:
        call = AggregatedDiscoveryServiceStub(channel).DeltaAggregatedResources(
            wait_for_ready=True, timeout=DEADLINE
        )
        await call.write(DeltaDiscoveryRequest(type_url=discovery.CLUSTER))
        (served,) = (await read(call, DeltaDiscoveryResponse)).resources
        cluster = Cluster()
        assert served.resource.Unpack(cluster)
        assert cluster.name == "web"

        eds = discovery.CLUSTER_LOAD_ASSIGNMENT
        await call.write(DeltaDiscoveryRequest(type_url=eds, resource_names_subscribe=["web"]))
        ports: list[int] = []
        while len(set(ports)) < 2:
            (served,) = (await read(call, DeltaDiscoveryResponse)).resources
            assignment = ClusterLoadAssignment()
            assert served.resource.Unpack(assignment)
            endpoint = assignment.endpoints[0].lb_endpoints[0].endpoint
            ports.append(endpoint.address.socket_address.port_value)
        assert set(ports) == {8000, 8001}

    server.cancel()
    await asyncio.gather(server, return_exceptions=True)


def test_the_example_is_short():
    example = EXAMPLES[0]
    assert len([line for line in example.splitlines() if line.strip()]) <= 30


def test_all_sixteen_rules_are_on_the_page():
    assert [number for number, _ in rules()] == list(range(1, 17))


@pytest.mark.parametrize(("number", "files"), list(rules()))
def test_every_rule_names_tests_that_exist(number: int, files: list[str]):
    assert files, f"rule {number} has no tests"
    for file in files:
        assert re.search(r"\btest_\w+", (ROOT / file).read_text())


def test_every_file_that_the_page_names_exists():
    named = re.findall(r"`(tests/[^`]+)`", PAGE)
    assert named
    assert [file for file in named if not (ROOT / file).is_file()] == []


def test_every_public_name_is_on_the_page():
    assert [n for n in discovery.__all__ if not re.search(rf"\b{n}\b", PAGE)] == []
