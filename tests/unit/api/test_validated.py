"""Objects of an API server, built without validation: equal to those that validation returns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from straightway.api import EndpointSlice, Pod, parse
from straightway.api.metadata import LAST_APPLIED
from straightway.api.validated import built
from straightway.documents import Document
from tests.support.configs import PathOrigin

NAMES = st.sampled_from(["a", "b-1", "runtime.models"])
TEXTS = st.text(max_size=3)
PORTS = st.integers(1, 65535)
TEXT_MAPS = st.none() | st.dictionaries(TEXTS | st.just(LAST_APPLIED), TEXTS, max_size=3)
TIMES = st.sampled_from(["2026-11-27T09:50:13Z", "2026-11-27T09:50:13+02:00"])


def some(required: dict[str, st.SearchStrategy], **optional: st.SearchStrategy):
    """Return mappings, also those without some of the optional fields."""
    return st.fixed_dictionaries(required, optional=optional)


def lists(items: st.SearchStrategy):
    """Return lists, also missing ones."""
    return st.none() | st.lists(items, max_size=3)


METADATA = some(
    {"name": NAMES},
    namespace=st.sampled_from(["", "shop", "models"]),
    labels=TEXT_MAPS,
    annotations=TEXT_MAPS,
    creationTimestamp=st.none() | TIMES,
    deletionTimestamp=TIMES,
    generation=st.integers(1, 9),
    resourceVersion=TEXTS,
)
CONTAINER = some({}, ports=lists(some({"containerPort": PORTS}, name=TEXTS)))
CONDITION = some({"type": st.just("Ready"), "status": st.sampled_from(["True", "False"])})
PODS = some(
    {
        "apiVersion": st.just("v1"),
        "kind": st.just("Pod"),
        "metadata": METADATA,
        "spec": some({}, serviceAccountName=TEXTS, containers=lists(CONTAINER)),
    },
    status=some({}, podIP=TEXTS, conditions=lists(CONDITION)),
)
ENDPOINT = some(
    {"addresses": st.lists(TEXTS, max_size=2)},
    conditions=st.none() | some({}, ready=st.none() | st.booleans()),
    targetRef=st.none() | some({}, kind=TEXTS, name=TEXTS, namespace=TEXTS),
)
SLICES = some(
    {
        "apiVersion": st.just("discovery.k8s.io/v1"),
        "kind": st.just("EndpointSlice"),
        "metadata": METADATA,
    },
    addressType=st.sampled_from(["IPv4", "IPv6", "FQDN"]),
    ports=lists(some({}, name=st.none() | TEXTS, port=st.none() | PORTS)),
    endpoints=lists(ENDPOINT),
)


def read(body, *, is_valid):
    return parse(Document(body, PathOrigin("object"), is_valid=is_valid))


@given(PODS | SLICES)
def test_what_is_built_equals_what_is_validated(body):
    assert built(body) is not None
    assert read(body, is_valid=True) == read(body, is_valid=False)


@given(PODS | SLICES, st.data())
def test_what_lacks_something_is_validated(body, data):
    """It has the same problems, if it has any."""
    place = data.draw(st.sampled_from([each for each in body.values() if isinstance(each, dict)]))
    if place:
        del place[data.draw(st.sampled_from(sorted(place)))]

    assert read(body, is_valid=True) == read(body, is_valid=False)


@pytest.mark.parametrize("missing", ["apiVersion", "kind", "metadata", "spec"])
def test_a_broken_object_has_the_problems_of_validation(missing):
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {}}
    del body[missing]

    parsed = read(body, is_valid=True)

    assert parsed.problems
    assert parsed == read(body, is_valid=False)


def test_only_what_is_known_to_be_valid_is_not_validated():
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "A"}, "spec": {}}

    assert isinstance(read(body, is_valid=True).object, Pod)
    assert read(body, is_valid=False).object is None


def test_slices_share_the_endpoints_that_are_equal():
    def endpoint_slice(name: str) -> EndpointSlice:
        target = {"kind": "Pod", "name": "runtime-1", "namespace": "models"}
        endpoint = {"addresses": ["10.0.0.1"], "conditions": {"ready": True}, "targetRef": target}
        ports = [{"name": "grpc", "port": 8033}]
        item = built(
            {
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "metadata": {"name": name},
                "ports": ports,
                "endpoints": [endpoint],
            }
        )
        assert isinstance(item, EndpointSlice)
        return item

    first, second = endpoint_slice("a"), endpoint_slice("b")

    assert first.endpoints[0] is second.endpoints[0]
    assert first.ports[0] is second.ports[0]
