import pytest
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DiscoveryRequest

from straightway.discovery import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, Limits, Variant
from straightway.discovery.requests import InvalidRequestError
from straightway.discovery.session import LimitExceededError, Session


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
