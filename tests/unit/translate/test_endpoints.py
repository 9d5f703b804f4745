"""ClusterLoadAssignments, joined from encoded endpoints."""

from __future__ import annotations

from envoy.config.endpoint.v3 import endpoint_pb2
from google.protobuf import struct_pb2
from hypothesis import given
from hypothesis import strategies as st

from straightway.catalog.endpoints import Endpoint
from straightway.translate.endpoints import load_assignment

TEXT = st.text("ab1.é", min_size=1, max_size=4)
LABELS = st.dictionaries(st.sampled_from(["model", "stage", "model/x"]), TEXT, max_size=3)
ENDPOINTS = st.builds(
    Endpoint,
    address=st.ip_addresses().map(str),
    port=st.integers(1, 65_535),
    labels=LABELS,
    annotations=st.dictionaries(st.just("model"), TEXT, max_size=1),
    weight=st.integers(0, 2**31),
    locality=st.sampled_from(["", "r", "r/z", "r/z/s", "r/z/s/more", "q"]),
)


def plainly(cluster: str, endpoints: list[Endpoint], keys: list[str]) -> bytes:
    """The same assignment, built as one message."""
    assignment = endpoint_pb2.ClusterLoadAssignment(cluster_name=cluster)
    for locality in sorted({endpoint.locality for endpoint in endpoints}):
        group = assignment.endpoints.add()
        if locality:
            parts = [*locality.split("/"), "", "", ""]
            group.locality.region, group.locality.zone, group.locality.sub_zone = parts[:3]
        for endpoint in (each for each in endpoints if each.locality == locality):
            added = group.lb_endpoints.add()
            added.endpoint.address.socket_address.address = endpoint.address
            added.endpoint.address.socket_address.port_value = endpoint.port
            if endpoint.weight:
                added.load_balancing_weight.value = endpoint.weight
            for key in keys:
                if values := values_of(endpoint, key):
                    items = [struct_pb2.Value(string_value=value) for value in values]
                    fields = added.metadata.filter_metadata["envoy.lb"].fields
                    fields[key].list_value.values.extend(items)
    encoded: bytes = assignment.SerializeToString(deterministic=True)
    return encoded


def values_of(endpoint: Endpoint, key: str) -> list[str]:
    values = {endpoint.labels.get(key, ""), endpoint.annotations.get(key, "")} - {""}
    return sorted(values)


@given(st.lists(ENDPOINTS, max_size=6), st.lists(st.sampled_from(["model", "stage"]), unique=True))
def test_the_bytes_are_those_of_the_whole_message(endpoints, keys):
    assert load_assignment("a|b", endpoints, keys, {}) == plainly("a|b", endpoints, keys)


def test_only_endpoints_with_all_labels_of_a_named_subset_are_in_it():
    endpoints = [
        Endpoint("10.0.0.1", 80, {"version": "v1", "tier": "x"}),
        Endpoint("10.0.0.2", 80, {"version": "v1"}),
        Endpoint("10.0.0.3", 80, {"version": "v2", "tier": "x"}),
    ]

    body = load_assignment("a", endpoints, (), {"version": "v1", "tier": "x"})

    (group,) = endpoint_pb2.ClusterLoadAssignment.FromString(body).endpoints
    (endpoint,) = group.lb_endpoints
    assert endpoint.endpoint.address.socket_address.address == "10.0.0.1"


def test_no_endpoint_is_an_assignment_too():
    body = load_assignment("a", [], (), {})

    assert body == endpoint_pb2.ClusterLoadAssignment(cluster_name="a").SerializeToString()
