"""Events: one for each object, reason and message, counted up, at a bounded rate."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress

from straightway.documents import Reference
from straightway.kubernetes import ApiError, UnreachableError
from straightway.writeback.events import MOST_WAITING, Notice, Notices, event_of
from straightway.writeback.recorder import Recorder
from tests.support import virtual_time
from tests.support.fake_api import FakeApi

EVENTS = "/apis/events.k8s.io/v1/namespaces/shop/events"


def notice(name: object = "web", note: str = "It is wrong.") -> Notice:
    return Notice(Reference("", "Service", "shop", str(name)), "InvalidPort", note)


@asynccontextmanager
async def recording(api: FakeApi, uid: str | None = "uid-1"):
    async def identify(_):
        return None if uid is None else ("v1", uid)

    recorder = Recorder(api, "replica", identify)
    task = asyncio.create_task(recorder.run())
    try:
        yield recorder
        assert not task.done()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def test_an_event_is_about_its_object_with_the_uid_that_kubectl_looks_for():
    event = event_of(notice(), "v1", "uid-1", "replica", "2026-01-01T00:00:00.000000Z")
    assert event["regarding"] == {
        "apiVersion": "v1",
        "kind": "Service",
        "namespace": "shop",
        "name": "web",
        "uid": "uid-1",
    }
    assert event["metadata"]["namespace"] == "shop"
    assert (event["type"], event["reason"], event["note"]) == (
        "Warning",
        "InvalidPort",
        "It is wrong.",
    )


def test_names_and_notes_fit_what_the_api_server_allows():
    long = notice("x" * 253, "y" * 5000)
    event = event_of(long, "v1", "", "z" * 500, "2026-01-01T00:00:00.000000Z")
    assert len(event["metadata"]["name"]) <= 253
    assert len(event["note"]) <= 1024
    assert len(event["reportingInstance"]) <= 128


def test_what_happens_again_is_counted_and_not_told_again():
    async def main():
        api = FakeApi()
        async with recording(api) as recorder:
            for _ in range(100):
                recorder.record(notice())
                await asyncio.sleep(1)
            await asyncio.sleep(100)
            [event] = api.objects.values()
            assert event["series"]["count"] == 100
            assert len(api.log) < 10

    virtual_time.run(main())


def test_the_next_leader_neither_repeats_nor_counts_what_stands():
    async def main():
        api = FakeApi()
        for _ in range(2):
            async with recording(api) as recorder:
                recorder.record(notice(), counts=False)
                await asyncio.sleep(5)
        [event] = api.objects.values()
        assert "series" not in event

    virtual_time.run(main())


def test_many_events_come_at_a_bounded_rate():
    async def main():
        api = FakeApi()
        async with recording(api) as recorder:
            for name in range(200):
                recorder.record(notice(name))
            await asyncio.sleep(1)
            assert api.count("POST") <= 31
            await asyncio.sleep(60)
            assert api.count("POST") == 200

    virtual_time.run(main())


def test_no_more_than_a_bounded_number_waits():
    notices = Notices()
    for name in range(MOST_WAITING + 7):
        notices.add(notice(name))
    assert len(notices) == MOST_WAITING
    assert notices.lost == 7


def test_what_cannot_be_told_now_is_told_later():
    async def main():
        api = FakeApi()
        async with recording(api) as recorder:
            api.trouble = lambda *_: UnreachableError("refused")
            recorder.record(notice())
            await asyncio.sleep(20)
            api.trouble = lambda *_: ApiError(503, "ServiceUnavailable", "busy")
            await asyncio.sleep(20)
            api.trouble = lambda *_: None
            await asyncio.sleep(10)
            assert len(api.objects) == 1
            assert len(api.log) < 15

    virtual_time.run(main())


def test_an_object_that_is_gone_gets_no_event_and_permission_is_asked_for_once(log_lines):
    async def main():
        api = FakeApi()
        async with recording(api, uid=None) as recorder:
            recorder.record(notice())
            await asyncio.sleep(5)
            assert api.log == []
        async with recording(api) as recorder:
            api.trouble = lambda *_: ApiError(403, "Forbidden", "no")
            for name in range(10):
                recorder.record(notice(name))
            await asyncio.sleep(1000)
            assert len(api.log) < 5

    virtual_time.run(main())
    assert [line["event"] for line in log_lines] == ["events not told"]
