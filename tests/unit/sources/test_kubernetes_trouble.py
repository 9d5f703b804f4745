"""The Kubernetes source at objects that cannot be read, and at mistakes of ours."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from tests.support.fake_cluster import FakeCluster
from tests.support.followed_cluster import followed
from tests.support.mistakes import OurMistakeError, errors
from tests.support.objects import service, virtual_service
from tests.support.virtual_time import run

SHOP = service("shop", "default", selector={"app": "shop"}, ports={"http": 80})
ROUTES = virtual_service("routes", "default", [])
SLICE = {
    "apiVersion": "discovery.k8s.io/v1",
    "kind": "EndpointSlice",
    "metadata": {"name": "shop-1", "namespace": "default"},
    "addressType": "IPv4",
    "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {}}],
    "ports": [{"name": "http", "port": 80}],
}
KIND = "virtualservices.networking.istio.io"
KEY = f"{KIND}/default/routes"


@pytest.mark.parametrize("has_protobuf", [True, False])
def test_an_object_that_cannot_be_read_stays_as_it_was(has_protobuf):
    async def story():
        cluster = FakeCluster()
        cluster.has_protobuf = has_protobuf
        cluster.write(SLICE)
        async with followed(cluster) as source:
            await source.after()
            with capture_logs() as logs:
                cluster.write({**SLICE, "endpoints": "none"})
                cluster.write(SHOP)
                cluster.expire()
                await source.after()
            assert {log["event"] for log in logs} == {"object not readable"}
            assert {log["key"] for log in logs} == {"default/shop-1"}
            key = "endpointslices.discovery.k8s.io/default/shop-1"
            assert source.objects == {key, "services/default/shop"}
            assert source.taken[key].documents[0].body == SLICE

    run(story())


def test_an_object_at_which_we_make_a_mistake_costs_no_other_and_is_taken_in_when_listed_again():
    async def story():
        cluster = FakeCluster()
        cluster.write(ROUTES)
        cluster.write(virtual_service("others", "default", []))
        async with followed(cluster) as source:
            follower = next(each for each in source.source._followers if str(each.resource) == KIND)
            right = follower._audience
            follower._audience = Mistaken(right)
            await source.after()
            assert source.is_synced
            assert source.objects == {f"{KIND}/default/others"}
            follower._audience = right
            cluster.write(SHOP)
            cluster.expire()
            cluster.cut()
            await source.after()
            assert KEY in source.objects

    with capture_logs() as lines:
        run(story())
    assert ("internal error, an object is left out", "") in errors(lines)


class Mistaken:
    """An audience that makes a mistake at one object."""

    def __init__(self, right):
        self._right = right

    def __getattr__(self, name):
        return getattr(self._right, name)

    def changed(self, follower, key, *rest, **more):
        if key == "default/routes":
            raise OurMistakeError
        self._right.changed(follower, key, *rest, **more)


def test_a_mistake_of_who_sees_objects_costs_no_config():
    async def story():
        cluster = FakeCluster()
        cluster.write(ROUTES)
        async with followed(cluster) as source:
            source.source.listen(mistaken)
            await source.after()
            assert source.objects == {KEY}

    def mistaken(*_):
        raise OurMistakeError

    with capture_logs():
        run(story())
