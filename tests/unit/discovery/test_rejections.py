"""Which resources a client means, from what Envoy and gRPC really write."""

import pytest

from straightway.discovery import resources_meant

ENVOY_CLUSTERS = (
    "Error adding/updating cluster(s) outbound|80||a.example: no such path, "
    "outbound|8080||b.example: duplicate cluster outbound|8080||b.example found"
)
ENVOY_LISTENERS = (
    "Error adding/updating listener(s) 0.0.0.0_82: duplicate listener 0.0.0.0_82 found\n"
    "0.0.0.0_445: cannot bind '0.0.0.0:445': Address already in use\n"
)
GRPC_CLUSTERS = (
    "xDS response validation errors: [resource index 0: first: INVALID_ARGUMENT: errors "
    "validating Cluster resource: [field:type error:unknown discovery type]; "
    "resource index 2: third: INVALID_ARGUMENT: no]"
)


@pytest.mark.parametrize(
    ("message", "names", "meant"),
    [
        (
            ENVOY_CLUSTERS,
            ["b.example", "outbound|8080||b.example", "80", "outbound|80||a.example", "other"],
            ["outbound|8080||b.example", "outbound|80||a.example"],
        ),
        (
            ENVOY_LISTENERS,
            ["0.0.0.0_8", "0.0.0.0_82", "0.0.0.0_445"],
            ["0.0.0.0_82", "0.0.0.0_445"],
        ),
        (GRPC_CLUSTERS, ["first", "second", "third", "field"], ["first", "third"]),
        ("Unexpected EDS cluster (expecting a): b", ["a", "expecting"], ["a"]),
        (
            "Error adding/updating scoped route(s): "
            "duplicate scoped route configuration 'foo' found",
            ["foo", "route", "foobar"],
            ["foo"],
        ),
        ('cluster resource "a b": no', ["a", "a b", "b"], ["a b"]),
    ],
    ids=["clusters", "listeners", "gRPC", "endpoints", "scoped routes", "quoted"],
)
def test_a_name_counts_where_the_client_marks_it_as_one(
    message: str, names: list[str], meant: list[str]
):
    assert resources_meant(message, names) == meant


@pytest.mark.parametrize(
    "message",
    [
        "route 8080: no",
        "Only unique values for domains are permitted. Duplicate entry of domain web:80",
        "route: unknown cluster 'outbound|80||a.example'",
        "port 80 is no good, 80 never was",
        "",
    ],
)
def test_a_number_or_a_part_of_another_name_is_no_name(message: str):
    assert resources_meant(message, ["80", "domain", "route", "", "a.example"]) == []


def test_each_name_is_reported_once_in_the_order_of_the_response():
    message = "Error adding/updating cluster(s) b: no, a: no, b: no"
    assert resources_meant(message, ["a", "b", "a"]) == ["a", "b"]
