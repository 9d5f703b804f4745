"""ClusterLoadAssignments, joined from encoded endpoints."""

from __future__ import annotations

from envoy.config.endpoint.v3 import endpoint_pb2
from google.protobuf import struct_pb2
from hypothesis import given
from hypothesis import strategies as st

from straightway.routing.clusters import Endpoint
from straightway.translate.endpoints import assignment, encode_endpoint

TEXT = st.text("ab1.é", min_size=1, max_size=4)
VALUES = st.dictionaries(
    st.sampled_from(["model", "stage", "é"]),
    st.lists(TEXT, min_size=1, max_size=3, unique=True).map(sorted).map(tuple),
    max_size=3,
)
ENDPOINTS = st.builds(
    Endpoint,
    address=st.ip_addresses().map(str),
    port=st.integers(1, 65_535),
    weight=st.integers(0, 2**31),
    locality=st.sampled_from(["", "r", "r/z", "r/z/s", "r/z/s/more", "q"]),
    values=VALUES.map(lambda values: tuple(values.items())),
)


def joined(cluster: str, endpoints: list[Endpoint]) -> bytes:
    encoded = ((each.locality, encode_endpoint(each)) for each in endpoints)
    return b"".join(assignment(cluster, encoded))


def plainly(cluster: str, endpoints: list[Endpoint]) -> bytes:
    """The same assignment, built as one message."""
    message = endpoint_pb2.ClusterLoadAssignment(cluster_name=cluster)
    for locality in sorted({endpoint.locality for endpoint in endpoints}):
        group = message.endpoints.add()
        if locality:
            parts = [*locality.split("/"), "", "", ""]
            group.locality.region, group.locality.zone, group.locality.sub_zone = parts[:3]
        for endpoint in (each for each in endpoints if each.locality == locality):
            added = group.lb_endpoints.add()
            added.endpoint.address.socket_address.address = endpoint.address
            added.endpoint.address.socket_address.port_value = endpoint.port
            if endpoint.weight:
                added.load_balancing_weight.value = endpoint.weight
            for key, values in endpoint.values:
                items = [struct_pb2.Value(string_value=value) for value in values]
                fields = added.metadata.filter_metadata["envoy.lb"].fields
                fields[key].list_value.values.extend(items)
    encoded: bytes = message.SerializeToString(deterministic=True)
    return encoded


@given(st.lists(ENDPOINTS, max_size=6))
def test_the_bytes_are_those_of_the_whole_message(endpoints):
    assert joined("a|b", endpoints) == plainly("a|b", endpoints)


def test_no_endpoint_is_an_assignment_too():
    expected = endpoint_pb2.ClusterLoadAssignment(cluster_name="a").SerializeToString()

    assert b"".join(assignment("a", [])) == expected
