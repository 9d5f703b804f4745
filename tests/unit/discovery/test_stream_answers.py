"""What a client's request about one type makes due for another is sent at once."""

import asyncio
from typing import Any

import pytest
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest
from google.rpc.status_pb2 import Status
from grpc.aio import EOF

from straightway.discovery import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    Cache,
    Settings,
    Variant,
)
from straightway.discovery.callbacks import Events
from straightway.discovery.stream import Stream
from tests.support.conversation import decode, resource, resources
from tests.support.transport import FakeTransport
from tests.support.waiting import eventually_async


@pytest.mark.parametrize(
    "request_about_clusters",
    [
        {"error_detail": Status(code=3, message="no")},
        {"resource_names_unsubscribe": ["*"]},
        {"response_nonce": "", "resource_names_unsubscribe": ["*"]},
    ],
    ids=["rejected", "accepted and given up", "given up"],
)
async def test_listeners_do_not_wait_for_clusters_that_the_client_will_not_warm(
    request_about_clusters: dict[str, Any],
):
    cache, transport = Cache(), FakeTransport()
    content = {
        CLUSTER: [resource(CLUSTER, "a", eds_service_name="a")],
        CLUSTER_LOAD_ASSIGNMENT: resources(CLUSTER_LOAD_ASSIGNMENT, "a"),
        LISTENER: resources(LISTENER, "l"),
    }
    cache.set("", content)
    stream = Stream(
        Variant.DELTA,
        transport,
        cache,
        lambda node: node.cluster,
        Events(),
        Settings(hold=1000.0),
    )
    serving = asyncio.create_task(stream.run())
    ask(transport, CLUSTER)
    ask(transport, LISTENER)
    await eventually_async(lambda: len(transport.responses) == 1)
    clusters = decode(Variant.DELTA, transport.responses[0])
    assert clusters.type_url == CLUSTER

    ask(transport, CLUSTER, **{"response_nonce": clusters.nonce, **request_about_clusters})
    await eventually_async(lambda: len(transport.responses) == 2)
    assert decode(Variant.DELTA, transport.responses[1]).type_url == LISTENER

    transport.requests.put_nowait(EOF)
    await serving


def ask(transport: FakeTransport, type_url: str, **fields: Any) -> None:
    request = DeltaDiscoveryRequest(type_url=type_url, **fields)
    transport.requests.put_nowait(request.SerializeToString())
