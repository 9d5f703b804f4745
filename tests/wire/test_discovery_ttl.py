"""TTLs and heartbeats, for the clients that ask for them."""

from __future__ import annotations

import pytest

from straightway.discovery import RUNTIME
from tests.support.conversation import resource
from tests.support.discovery import Discovery

TTL = "xds.config.supports-resource-ttl"
WRAPPED = "xds.config.resource-in-sotw"


@pytest.mark.parametrize("variant", ["delta", "sotw"])
async def test_only_a_client_that_supports_ttls_gets_them_and_its_heartbeats(
    discovery: Discovery, variant: str
):
    supporting = discovery.delta("new") if variant == "delta" else discovery.sotw("new")
    other = discovery.delta("old") if variant == "delta" else discovery.sotw("old")
    supporting.announce(TTL, WRAPPED)
    discovery.cache.set("audience", {RUNTIME: [resource(RUNTIME, "layer", ttl=0.1)]})
    for client in (supporting, other):
        await client.ask(RUNTIME, "layer")

    plain = await other.read()
    assert (plain.resources, plain.ttls) == ({"layer": "1"}, {})
    assert (await supporting.read()).ttls == {"layer": 0.1}
    for _ in range(3):
        beat = await supporting.read()
        assert beat.ttls == {"layer": 0.1}
        assert "layer" in (beat.heartbeats if variant == "delta" else beat.resources)

    # In all this time the other client was sent nothing: the next that it gets is the change.
    discovery.cache.update("audience", {RUNTIME: ([resource(RUNTIME, "layer", "2")], [])})
    assert (await other.read()).resources == {"layer": "2"}
