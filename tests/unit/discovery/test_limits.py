from collections.abc import Mapping, Sequence

import pytest
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DiscoveryRequest

from straightway.discovery import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, Limits, Variant
from straightway.discovery.limits import LimitExceededError
from straightway.discovery.requests import InvalidRequestError, Request, decode
from straightway.discovery.session import Session


@pytest.fixture
def limits() -> Limits:
    return Limits(names=3, types=2)


def test_a_request_without_type_is_invalid(limits: Limits):
    with pytest.raises(InvalidRequestError, match="type_url"):
        Session(Variant.STATE_OF_THE_WORLD, 1.0, limits).request(DiscoveryRequest())
    with pytest.raises(InvalidRequestError, match="type_url"):
        Session(Variant.DELTA, 1.0, limits).request(DeltaDiscoveryRequest())


def test_more_types_than_the_limit_are_refused(limits: Limits):
    session = Session(Variant.STATE_OF_THE_WORLD, 1.0, limits)
    session.request(DiscoveryRequest(type_url="a"))
    session.request(DiscoveryRequest(type_url="b"))
    session.request(DiscoveryRequest(type_url="b"))
    with pytest.raises(LimitExceededError, match="2 resource types"):
        session.request(DiscoveryRequest(type_url="c"))


def test_more_names_of_all_types_than_the_limit_are_refused(limits: Limits):
    session = Session(Variant.DELTA, 1.0, limits)
    session.request(DeltaDiscoveryRequest(type_url=CLUSTER, resource_names_subscribe=["a"]))
    request = DeltaDiscoveryRequest(
        type_url=CLUSTER_LOAD_ASSIGNMENT, resource_names_subscribe=["a", "b"]
    )
    session.request(request)
    session.request(request)
    with pytest.raises(LimitExceededError, match="3 resource names"):
        session.request(DeltaDiscoveryRequest(type_url=CLUSTER, resource_names_subscribe=["b"]))


def test_names_type_urls_and_what_is_held_are_bounded_in_size():
    limits = Limits(names=3, name_length=10)
    for variant in Variant:
        with pytest.raises(LimitExceededError, match="type URL of 11"):
            Session(variant, 1.0, limits).request(request_of(variant, type_url="a" * 11))
        with pytest.raises(LimitExceededError, match="name of 11"):
            Session(variant, 1.0, limits).request(request_of(variant, names=["a", "b" * 11]))
    held = dict.fromkeys("abcd", "1")
    with pytest.raises(LimitExceededError, match="initial_resource_versions"):
        Session(Variant.DELTA, 1.0, limits).request(request_of(Variant.DELTA, held=held))


@pytest.mark.parametrize("variant", Variant)
def test_a_long_name_that_takes_the_place_of_another_is_refused(variant: Variant):
    session = Session(variant, 1.0, Limits(name_length=10))
    session.request(request_of(variant, names=["a" * 10]))
    with pytest.raises(LimitExceededError, match="name of 11"):
        session.request(request_of(variant, names=["b" * 11], instead_of=["a" * 10]))


def request_of(
    variant: Variant,
    *,
    type_url: str = "type",
    names: Sequence[str] = (),
    instead_of: Sequence[str] = (),
    held: Mapping[str, str] | None = None,
) -> Request:
    request: DiscoveryRequest | DeltaDiscoveryRequest
    if variant is Variant.DELTA:
        request = DeltaDiscoveryRequest(
            type_url=type_url,
            resource_names_subscribe=names,
            resource_names_unsubscribe=instead_of,
            initial_resource_versions=held,
        )
    else:
        request = DiscoveryRequest(type_url=type_url, resource_names=names)
    return decode(variant, request.SerializeToString())
