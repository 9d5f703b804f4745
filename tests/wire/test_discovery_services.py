"""The services of a single type each, beside the aggregated one."""

import grpc
import pytest

from straightway.discovery import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    ROUTE_CONFIGURATION,
    RUNTIME,
    SCOPED_ROUTE_CONFIGURATION,
    SECRET,
    TYPED_EXTENSION_CONFIG,
    VIRTUAL_HOST,
    Closed,
    Settings,
)
from tests.support.conversation import resource, resources
from tests.support.discovery import Discovery, Recorder
from tests.support.waiting import eventually_async

SERVICE = "/envoy.service."
CDS = SERVICE + "cluster.v3.ClusterDiscoveryService/"
EDS = SERVICE + "endpoint.v3.EndpointDiscoveryService/"
LDS = SERVICE + "listener.v3.ListenerDiscoveryService/"

# As Envoy's documentation lists them, and not as the code finds them out.
STREAMS = {
    CDS + "StreamClusters": CLUSTER,
    CDS + "DeltaClusters": CLUSTER,
    EDS + "StreamEndpoints": CLUSTER_LOAD_ASSIGNMENT,
    EDS + "DeltaEndpoints": CLUSTER_LOAD_ASSIGNMENT,
    LDS + "StreamListeners": LISTENER,
    LDS + "DeltaListeners": LISTENER,
    SERVICE + "route.v3.RouteDiscoveryService/StreamRoutes": ROUTE_CONFIGURATION,
    SERVICE + "route.v3.RouteDiscoveryService/DeltaRoutes": ROUTE_CONFIGURATION,
    SERVICE + "route.v3.ScopedRoutesDiscoveryService/StreamScopedRoutes": (
        SCOPED_ROUTE_CONFIGURATION
    ),
    SERVICE + "route.v3.ScopedRoutesDiscoveryService/DeltaScopedRoutes": SCOPED_ROUTE_CONFIGURATION,
    SERVICE + "route.v3.VirtualHostDiscoveryService/DeltaVirtualHosts": VIRTUAL_HOST,
    SERVICE + "secret.v3.SecretDiscoveryService/StreamSecrets": SECRET,
    SERVICE + "secret.v3.SecretDiscoveryService/DeltaSecrets": SECRET,
    SERVICE + "extension.v3.ExtensionConfigDiscoveryService/StreamExtensionConfigs": (
        TYPED_EXTENSION_CONFIG
    ),
    SERVICE + "extension.v3.ExtensionConfigDiscoveryService/DeltaExtensionConfigs": (
        TYPED_EXTENSION_CONFIG
    ),
    SERVICE + "runtime.v3.RuntimeDiscoveryService/StreamRuntime": RUNTIME,
    SERVICE + "runtime.v3.RuntimeDiscoveryService/DeltaRuntime": RUNTIME,
}
EVERY_STREAM = pytest.mark.parametrize("path", STREAMS, ids=lambda path: path.rpartition("/")[2])
# So long that a test fails where anything is held back.
FOREVER = Settings(hold=1000.0)


@EVERY_STREAM
async def test_a_type_has_a_service_of_its_own_on_which_no_request_need_name_it(
    discovery: Discovery, path: str
):
    type_url = STREAMS[path]
    discovery.cache.set("audience", {type_url: resources(type_url, "a", "b")})
    client = discovery.stream(path)
    await client.ask("", "a")
    answer = await client.read()
    assert answer.type_url == type_url
    assert answer.resources == {"a": "1"}

    await client.ask("", *([] if "/Delta" in path else ["a"]), response_nonce=answer.nonce)
    changed = resources(type_url, "a@2")
    discovery.cache.update("audience", {type_url: (changed, [])})
    assert (await client.read()).resources == {"a": "2"}


@EVERY_STREAM
async def test_a_request_for_another_type_ends_the_stream(
    discovery: Discovery, recorder: Recorder, path: str
):
    client = discovery.stream(path)
    await client.ask(STREAMS[path], "a")
    await client.ask("type.googleapis.com/example.Other", "a")
    code, details = await client.status()
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert STREAMS[path] in details
    assert "example.Other" in details
    assert recorder.of("closed") == [("node", Closed.INVALID)]


@pytest.mark.parametrize("path", [CDS + "FetchClusters", LDS + "FetchListeners"])
async def test_polling_is_refused_with_a_word_about_what_there_is(discovery: Discovery, path: str):
    fetch: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = discovery.channel.unary_unary(path)
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await fetch(b"")
    assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert "open a stream" in str(raised.value.details())


async def test_listeners_on_a_stream_of_their_own_wait_for_no_endpoints(serve):
    discovery = await serve(FOREVER)
    discovery.cache.set(
        "audience",
        {
            CLUSTER: [resource(CLUSTER, "c", eds_service_name="c")],
            CLUSTER_LOAD_ASSIGNMENT: resources(CLUSTER_LOAD_ASSIGNMENT, "c"),
            LISTENER: resources(LISTENER, "l"),
        },
    )
    clusters = discovery.stream(CDS + "StreamClusters")
    await clusters.ask("")
    assert (await clusters.read()).resources == {"c": "1"}
    listeners = discovery.stream(LDS + "StreamListeners")
    await listeners.ask("")
    assert (await listeners.read()).resources == {"l": "1"}


async def test_nothing_is_to_be_due_after_clusters_on_a_stream_of_their_own(serve):
    discovery = await serve(FOREVER)
    discovery.cache.set("audience", {CLUSTER: [resource(CLUSTER, "c", eds_service_name="c")]})
    client = discovery.stream(CDS + "DeltaClusters")
    await client.ask("")
    await client.read()
    (stream,) = discovery.server._streams
    assert stream._session.deadline is None


@pytest.mark.parametrize("path", [CDS + "DeltaClusters", EDS + "DeltaEndpoints"])
async def test_a_client_that_reconnects_learns_at_once_what_is_gone(serve, path: str):
    discovery = await serve(FOREVER)
    discovery.cache.set("audience", {STREAMS[path]: []})
    client = discovery.stream(path)
    await client.ask("", "gone", initial_resource_versions={"gone": "1"})
    assert (await client.read()).removed == ("gone",)


async def test_streams_of_all_services_end_when_the_server_closes(discovery: Discovery):
    clients = [discovery.stream(path) for path in STREAMS]
    for client in clients:
        await client.ask("", "a")
    await eventually_async(lambda: len(discovery.server.clients()) == len(clients))
    await discovery.server.close()
    assert {await client.status() for client in clients} == {
        (grpc.StatusCode.UNAVAILABLE, "shutting down")
    }
