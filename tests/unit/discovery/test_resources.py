from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryResponse, DiscoveryResponse
from google.protobuf.any_pb2 import Any
from hypothesis import given
from hypothesis import strategies as st

from straightway.discovery import CLUSTER, RESOURCE_TYPES, Resource


def test_the_body_is_the_message_packed_as_any():
    message = Cluster(name="a" * 300)
    packed = Any()
    packed.Pack(message)

    assert Any.FromString(Resource.of("a", message).body) == packed
    assert packed.type_url == CLUSTER


def test_an_empty_message_is_packed_as_any():
    packed = Any()
    packed.Pack(Cluster())

    assert Any.FromString(Resource.of("a", Cluster()).body) == packed


def test_an_already_encoded_message_gives_the_same_resource():
    message = Cluster(name="a")

    encoded = Resource.encoded("a", CLUSTER, message.SerializeToString(), eds_service_name="b")

    assert encoded == Resource.of("a", message, eds_service_name="b")


def test_the_version_is_that_of_the_content():
    assert (
        Resource.of("a", Cluster(name="a")).version == Resource.of("b", Cluster(name="a")).version
    )
    assert (
        Resource.of("a", Cluster(name="a")).version != Resource.of("a", Cluster(name="b")).version
    )


def test_the_callers_own_version_is_kept_as_it_is():
    assert Resource.of("a", Cluster(), version="v-1 β").version == "v-1 β"
    assert Resource.of("a", Cluster(), version="").version == ""


@given(name=st.text(), version=st.text(), value=st.binary(max_size=20_000))
def test_heads_and_body_decode_to_what_went_in(name: str, version: str, value: bytes):
    resource = Resource.encoded(name, CLUSTER, value, version=version)

    delta = DeltaDiscoveryResponse.FromString(resource.delta_head + resource.body).resources[0]
    sotw = DiscoveryResponse.FromString(resource.sotw_head + resource.body).resources[0]

    assert (delta.name, delta.version) == (name, version)
    assert delta.resource == sotw == Any(type_url=CLUSTER, value=value)


def test_the_push_order_is_clusters_endpoints_listeners_routes():
    kinds = [url.rpartition(".")[2] for url in RESOURCE_TYPES[:4]]
    assert kinds == ["Cluster", "ClusterLoadAssignment", "Listener", "RouteConfiguration"]
