"""What `straightway serve` sends when a file changes, to a client that waits for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import grpc
import pytest
from envoy.config.core.v3.base_pb2 import Node
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment
from envoy.service.discovery.v3.ads_pb2_grpc import AggregatedDiscoveryServiceStub
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse

from straightway.discovery import CLUSTER_LOAD_ASSIGNMENT
from tests.support.calls import read
from tests.support.config_folder import ConfigFolder
from tests.support.configs import endpoint_slice, istio, pod, service
from tests.support.control_plane import ControlPlane
from tests.support.waiting import DEADLINE

SIDECAR = Node(id="sidecar~10.0.0.7~client.default~default.svc.cluster.local")
ASSIGNMENT = "outbound|80||web.default.svc.cluster.local"


@pytest.fixture
def config(tmp_path: Path) -> ConfigFolder:
    return ConfigFolder(tmp_path / "config")


@asynccontextmanager
async def assignments(
    config: ConfigFolder, folder: Path
) -> AsyncIterator[AsyncIterator[ClusterLoadAssignment]]:
    """Serve a folder and give the assignments of the service `web` as a sidecar is sent them."""
    with closing(ControlPlane(config, folder)) as control_plane:
        control_plane.start()
        async with grpc.aio.insecure_channel(control_plane.address) as channel:
            yield _sent(channel)


async def _sent(channel: grpc.aio.Channel) -> AsyncIterator[ClusterLoadAssignment]:
    call = AggregatedDiscoveryServiceStub(channel).DeltaAggregatedResources(
        wait_for_ready=True, timeout=4 * DEADLINE
    )
    await call.write(
        DeltaDiscoveryRequest(
            node=SIDECAR,
            type_url=CLUSTER_LOAD_ASSIGNMENT,
            resource_names_subscribe=[ASSIGNMENT],
        )
    )
    while True:
        response = await read(call, DeltaDiscoveryResponse)
        for resource in response.resources:
            yield ClusterLoadAssignment.FromString(resource.resource.value)
        await call.write(
            DeltaDiscoveryRequest(type_url=CLUSTER_LOAD_ASSIGNMENT, response_nonce=response.nonce)
        )


def models(assignment: ClusterLoadAssignment) -> dict[str, list[str]]:
    """What each endpoint is said to hold, by address."""
    return {
        endpoint.endpoint.address.socket_address.address: [
            value.string_value
            for value in endpoint.metadata.filter_metadata["envoy.lb"]
            .fields["model"]
            .list_value.values
        ]
        for group in assignment.endpoints
        for endpoint in group.lb_endpoints
    }


RULE = istio(
    "DestinationRule",
    "web",
    """
    host: web
    trafficPolicy: {loadBalancer: {dynamicSubset: {subsetSelectors: [{keys: [model]}]}}}
    """,
)
WEB = service("web", "{name: http, port: 80}", selector={})


def slice_of(target: str) -> str:
    return endpoint_slice("web-1", "web", f"{{addresses: [10.0.0.1], targetRef: {target}}}")


@pytest.mark.parametrize(
    ("target", "namespace"),
    [
        ("{kind: Pod, name: runtime}", "default"),
        ("{kind: Pod, name: runtime, namespace: other}", "other"),
    ],
)
async def test_a_pod_that_only_an_endpoint_slice_names_is_followed(
    config: ConfigFolder, tmp_path: Path, target: str, namespace: str
):
    """No selector finds it: its labels count, because the slice refers to it."""
    config.write("web.yaml", WEB, RULE, slice_of(target), pod("unrelated", {"model": "none"}))

    async with assignments(config, tmp_path) as sent:
        assert models(await anext(sent)) == {"10.0.0.1": []}
        config.write("pod.yaml", pod("runtime", {"model": "one"}, namespace=namespace))
        assert models(await anext(sent)) == {"10.0.0.1": ["one"]}
        config.write("pod.yaml", pod("runtime", {"model": "two"}, namespace=namespace))
        assert models(await anext(sent)) == {"10.0.0.1": ["two"]}
        config.remove("pod.yaml")
        assert models(await anext(sent)) == {"10.0.0.1": []}


async def test_a_slice_that_names_another_pod_follows_that_one(
    config: ConfigFolder, tmp_path: Path
):
    config.write("web.yaml", WEB, RULE)
    config.write("slice.yaml", slice_of("{kind: Pod, name: first}"))
    config.write("first.yaml", pod("first", {"model": "one"}))
    config.write("second.yaml", pod("second", {"model": "two"}))

    async with assignments(config, tmp_path) as sent:
        assert models(await anext(sent)) == {"10.0.0.1": ["one"]}
        config.write("slice.yaml", slice_of("{kind: Pod, name: second}"))
        assert models(await anext(sent)) == {"10.0.0.1": ["two"]}
        config.write("second.yaml", pod("second", {"model": "three"}))
        assert models(await anext(sent)) == {"10.0.0.1": ["three"]}
