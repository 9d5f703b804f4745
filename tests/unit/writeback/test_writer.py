"""The writer on an API server in memory, in virtual time: what is written, when, how often."""

from __future__ import annotations

import asyncio

from straightway.documents import Reference
from straightway.writeback.desired import ACCEPTED
from straightway.writeback.writer import Wanted
from tests.support import virtual_time
from tests.support.fake_api import FakeApi
from tests.support.status_writer import KIND, V1, path, ref, said, status, writing


def test_what_an_object_lacks_is_written_once():
    async def main():
        api = FakeApi()
        api.create(path())
        async with writing(api) as writer:
            for _ in range(3):
                writer.want(ref(), status())
                await asyncio.sleep(10)
            assert said(api) == "In force."
            assert writer.writes == 1
            assert api.count("GET") == 1

    virtual_time.run(main())


def test_what_an_object_has_already_is_not_written():
    async def main():
        api = FakeApi()
        for name in range(30):
            api.create(path(name))
        for _ in range(2):  # The second leader finds what the first has written.
            async with writing(api) as writer:
                await writer.load(KIND, "v1")
                for name in range(30):
                    writer.want(ref(name), status())
                await asyncio.sleep(10)
        assert api.count("PATCH") == 30
        assert api.count("GET") == 2

    virtual_time.run(main())


def test_only_the_newest_of_many_states_is_written():
    async def main():
        api = FakeApi()
        api.create(path())
        async with writing(api) as writer:
            for number in range(100):
                writer.want(ref(), status(str(number)))
            await asyncio.sleep(10)
            assert said(api) == "99"
            assert writer.writes == 1

    virtual_time.run(main())


def test_a_state_that_comes_during_a_write_is_written_after_it():
    async def main():
        api = FakeApi(latency=1.0)
        api.create(path())
        async with writing(api) as writer:
            writer.want(ref(), status("one"))
            await asyncio.sleep(1.5)  # It was read, and is being written.
            writer.want(ref(), status("two"))
            await asyncio.sleep(10)
            assert said(api) == "two"
            assert writer.writes == 2

    virtual_time.run(main())


def test_the_rate_is_bounded_and_everyone_has_a_turn():
    async def main():
        api = FakeApi(latency=0.0)
        for name in range(300):
            api.create(path(name))
        async with writing(api, rate=20, burst=50) as writer:
            for name in range(300):
                writer.want(ref(name), status())
            await asyncio.sleep(1.01)
            assert 50 <= writer.writes <= 71
            # One object that changes all the time takes no turn from others.
            for number in range(12):
                writer.want(ref(0), status(str(number)))
                await asyncio.sleep(1)
            await asyncio.sleep(5)
            assert writer.waiting == 0
            assert all(api.conditions(path(name)) for name in range(300))

    virtual_time.run(main())


def test_one_that_adds_a_condition_of_its_own_is_not_answered():
    async def main():
        api = FakeApi()
        api.create(path())
        async with writing(api) as writer:
            writer.want(ref(), status())
            await asyncio.sleep(5)
            body = dict(api.objects[path()]["status"])
            body["conditions"] = [*body["conditions"], {"type": "Other", "status": "True"}]
            writer.touched(ref(), api.write_status(path(), body))
            await asyncio.sleep(100)
            assert writer.writes == 1

    virtual_time.run(main())


def test_its_own_writes_are_no_reason_to_look():
    async def main():
        api = FakeApi()
        api.create(path())
        async with writing(api) as writer:
            writer.want(ref(), status())
            await asyncio.sleep(1)
            writer.touched(ref(), api.objects[path()]["metadata"]["resourceVersion"])
            await asyncio.sleep(10)
            assert api.count("GET") == 1

    virtual_time.run(main())


def test_an_object_that_is_gone_is_dropped():
    async def main():
        api = FakeApi()
        async with writing(api) as writer:
            writer.want(ref(), status())
            await asyncio.sleep(100)
            assert len(api.log) == 1
            assert writer.waiting == 0
            # It may come back.
            api.create(path())
            writer.want(ref(), status())
            await asyncio.sleep(5)
            assert said(api) == "In force."

    virtual_time.run(main())


def test_ours_is_taken_away_from_an_object_that_is_not_ours_any_more():
    async def main():
        api = FakeApi()
        api.create(path())
        async with writing(api) as writer:
            writer.want(ref(), status())
            await asyncio.sleep(5)
            writer.gone(ref(), V1)
            await asyncio.sleep(5)
            assert api.objects[path()]["status"] == {}
            assert api.count("PATCH") == 2

    virtual_time.run(main())


def test_an_object_that_never_had_ours_is_not_touched():
    async def main():
        api = FakeApi()
        api.create(path())
        api.write_status(path(), {"conditions": [{"type": ACCEPTED, "status": "True"}]}, "them")
        async with writing(api) as writer:
            await writer.load(KIND, "v1")
            writer.gone(ref(), V1)
            await asyncio.sleep(5)
            assert api.count("PATCH") == 0

    virtual_time.run(main())


def test_kinds_without_a_status_of_ours_are_never_written():
    async def main():
        api = FakeApi()
        async with writing(api) as writer:
            writer.want(Reference("", "Service", "shop", "web"), Wanted("v1", status().status))
            await asyncio.sleep(5)
            assert api.log == []

    virtual_time.run(main())
