"""Snapshots are kept for the audiences of which a proxy is connected."""

from straightway.control.audiences import Audiences

from straightway.control.loop import Control
from straightway.discovery import Cache
from straightway.proxies.audience import Audience, Role
from straightway.sources import Update
from tests.support.virtual_time import run

AUDIENCE = Audience(Role.SIDECAR, "default")


def test_an_audience_is_kept_as_long_as_a_stream_wants_it():
    async def scenario():
        cache = Cache()
        control = Control(cache)
        control.apply(Update((), synced=True))
        audiences = Audiences(control)
        audiences.audience_wanted(AUDIENCE)
        control._put_in_force()
        assert AUDIENCE in cache

        audiences.audience_unused(AUDIENCE)
        assert AUDIENCE not in cache

    run(scenario())
