from typing import Any

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryResponse, DiscoveryResponse
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.struct_pb2 import Struct
from hypothesis import given
from hypothesis import strategies as st

from straightway.discovery import CLUSTER, RESOURCE_TYPES, Resource


def test_the_body_is_the_message_packed_as_any():
    message = Cluster(name="a" * 300)
    packed = Packed()
    packed.Pack(message)

    assert Packed.FromString(Resource.of("a", message).body) == packed
    assert packed.type_url == CLUSTER


def test_an_empty_message_is_packed_as_any():
    packed = Packed()
    packed.Pack(Cluster())

    assert Packed.FromString(Resource.of("a", Cluster()).body) == packed


def test_an_already_encoded_message_gives_the_same_resource():
    message = Cluster(name="a")

    details: dict[str, Any] = {"eds_service_name": "b", "aliases": ["c"], "ttl": 5.0}

    encoded = Resource.encoded("a", CLUSTER, message.SerializeToString(), **details)

    assert encoded == Resource.of("a", message, **details)
    assert (encoded.eds_service_name, encoded.aliases, encoded.ttl) == ("b", ("c",), 5.0)


def test_the_version_is_that_of_the_content():
    assert (
        Resource.of("a", Cluster(name="a")).version == Resource.of("b", Cluster(name="a")).version
    )
    assert (
        Resource.of("a", Cluster(name="a")).version != Resource.of("a", Cluster(name="b")).version
    )


def test_a_resource_is_a_name_and_a_message_unless_told_otherwise():
    plain = Resource.of("a", Cluster())
    assert (plain.names, plain.eds_service_name, plain.ttl) == (("a",), "", None)


def test_the_order_in_which_a_map_was_filled_makes_no_other_version():
    one, other = Struct(), Struct()
    names = [f"key-{number}" for number in range(100)]
    for name in names:
        one.fields[name].bool_value = True
    for name in reversed(names):
        other.fields[name].bool_value = True
    assert Resource.of("a", one).version == Resource.of("a", other).version


def test_a_fingerprint_has_64_bits_and_makes_no_difference():
    resource = Resource.of("a", Cluster())
    assert 0 <= resource.fingerprint < 2**64
    assert resource == Resource.of("a", Cluster())


def test_the_callers_own_version_is_kept_as_it_is():
    assert Resource.of("a", Cluster(), version="v-1 β").version == "v-1 β"
    assert Resource.of("a", Cluster(), version="").version == ""


@given(name=st.text(), version=st.text(), value=st.binary(max_size=20_000))
def test_heads_and_body_decode_to_what_went_in(name: str, version: str, value: bytes):
    resource = Resource.encoded(name, CLUSTER, value, version=version)

    delta = DeltaDiscoveryResponse.FromString(resource.delta_head + resource.body).resources[0]
    sotw = DiscoveryResponse.FromString(resource.sotw_head + resource.body).resources[0]

    assert (delta.name, delta.version) == (name, version)
    assert delta.resource == sotw == Packed(type_url=CLUSTER, value=value)


def test_the_push_order_is_clusters_endpoints_listeners_routes():
    kinds = [url.rpartition(".")[2] for url in RESOURCE_TYPES[:4]]
    assert kinds == ["Cluster", "ClusterLoadAssignment", "Listener", "RouteConfiguration"]
