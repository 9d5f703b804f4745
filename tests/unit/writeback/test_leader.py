"""The leader on an API server in memory, in virtual time."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from functools import partial

from straightway.kubernetes import ApiError, UnreachableError
from straightway.writeback import Leader, Times
from tests.support import virtual_time
from tests.support.fake_api import FakeApi

TIMES = Times(lease=15, renew=10, retry=2)
LEASE = "/apis/coordination.k8s.io/v1/namespaces/here/leases/straightway-leader"


def leader(api: FakeApi, identity: str) -> Leader:
    return Leader(api, identity, "here", times=TIMES, jitter=lambda: 0.5)


@asynccontextmanager
async def running(*leaders: Leader):
    tasks = [asyncio.create_task(each.run()) for each in leaders]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def _note(told: list[tuple[str, bool]], name: str, is_leading: bool) -> None:
    told.append((name, is_leading))


def holder(api: FakeApi) -> str:
    return str(api.objects[LEASE]["spec"]["holderIdentity"])


def test_the_first_leads_at_once_and_renews():
    async def main():
        api = FakeApi()
        one = leader(api, "one")
        async with running(one):
            async with asyncio.timeout(0.1):
                await one.wait()
            assert holder(api) == "one"
            await asyncio.sleep(60)
            assert one.is_leading
            spec = api.objects[LEASE]["spec"]
            assert (spec["leaseDurationSeconds"], spec["leaseTransitions"]) == (15, 0)
            assert spec["renewTime"] > spec["acquireTime"]
            # A renewal every 2.2 s, and not a read for each.
            assert api.count("PUT") in range(25, 30)
            assert api.count("GET") == 1

    virtual_time.run(main())


def test_only_one_of_three_leads_and_tells():
    async def main():
        api = FakeApi()
        leaders = [leader(api, name) for name in "abc"]
        told: list[tuple[str, bool]] = []
        for each in leaders:
            each.listen(partial(_note, told, each.identity))
        async with running(*leaders):
            await asyncio.sleep(60)
            assert [each.identity for each in leaders if each.is_leading] == [holder(api)]
            assert told == [(holder(api), True)]

    virtual_time.run(main())


def test_a_leader_that_ends_gives_the_lease_up_so_nobody_waits():
    async def main():
        api = FakeApi()
        one, two = leader(api, "one"), leader(api, "two")
        async with running(two):
            async with running(one):
                await asyncio.sleep(10)
                first, second = (one, two) if one.is_leading else (two, one)
                if first is two:
                    return
            assert not first.is_leading
            async with asyncio.timeout(3):
                await second.wait()
            assert api.objects[LEASE]["spec"]["leaseTransitions"] == 1

    virtual_time.run(main())


def test_when_the_lease_is_deleted_its_leader_makes_it_anew_and_goes_on():
    async def main():
        api = FakeApi()
        leaders = [leader(api, name) for name in "abc"]
        told: list[tuple[str, bool]] = []
        for each in leaders:
            each.listen(partial(_note, told, each.identity))
        async with running(*leaders):
            await asyncio.sleep(10)
            for pause in (0.1, 0.7, 1.3, 1.9, 2.5):
                api.delete(LEASE)
                await asyncio.sleep(10 + pause)
            assert told == [(holder(api), True)]

    virtual_time.run(main())


def test_one_that_starts_while_there_is_no_lease_leads_beside_the_old_leader_for_one_retry():
    async def main():
        api = FakeApi()
        one, two = leader(api, "one"), leader(api, "two")
        async with running(one):
            await asyncio.sleep(10)
            api.delete(LEASE)
            async with running(two):
                await two.wait()
                started = asyncio.get_running_loop().time()
                stopped = asyncio.Event()
                one.listen(lambda is_leading: None if is_leading else stopped.set())
                await stopped.wait()
                assert asyncio.get_running_loop().time() - started < 2.5
                assert two.is_leading
                assert holder(api) == "two"

    virtual_time.run(main())


def test_a_leader_that_is_killed_is_followed_after_its_time():
    async def main():
        api = FakeApi()
        one, two = leader(api, "one"), leader(api, "two")
        async with running(one):
            await one.wait()
            async with running(two):
                await asyncio.sleep(10)
                assert not two.is_leading
                api.trouble = lambda method, path: None
                killed = asyncio.get_running_loop().time()
                one._client = FakeApi()  # It asks another server from now on.
                await two.wait()
                assert 12 < asyncio.get_running_loop().time() - killed < 20

    virtual_time.run(main())


def test_a_leader_without_an_api_server_stops_in_time_and_leads_again_later():
    async def main():
        api = FakeApi()
        one = leader(api, "one")
        told: list[bool] = []
        one.listen(told.append)
        async with running(one):
            await asyncio.sleep(5)
            api.trouble = lambda *_: UnreachableError("refused")
            await asyncio.sleep(9.5)
            assert not one.is_leading
            assert told == [True, False]
            api.trouble = lambda *_: None
            await asyncio.sleep(5)
            assert one.is_leading
            assert told == [True, False, True]

    virtual_time.run(main())


def test_requests_that_hang_do_not_keep_it_leading():
    async def main():
        api = FakeApi()
        one = leader(api, "one")
        async with running(one):
            await asyncio.sleep(5)
            api.latency = 1000.0
            stopped = asyncio.Event()
            one.listen(lambda is_leading: None if is_leading else stopped.set())
            async with asyncio.timeout(10.1):
                await stopped.wait()

    virtual_time.run(main())


def test_it_waits_for_permission_and_warns_once(log_lines):
    async def main():
        api = FakeApi()
        api.trouble = lambda *_: ApiError(403, "Forbidden", "leases is forbidden")
        one = leader(api, "one")
        async with running(one):
            await asyncio.sleep(60)
            assert not one.is_leading
            api.trouble = lambda *_: None
            async with asyncio.timeout(5):
                await one.wait()

    virtual_time.run(main())
    warnings = [line for line in log_lines if line["log_level"] == "warning"]
    assert len(warnings) == 1
    assert "get, create and update on leases" in warnings[0]["reason"]


def test_permissions_are_not_blamed_for_other_refusals(log_lines):
    async def main():
        api = FakeApi()
        async with running(leader(api, "one")):
            for status in (401, 429, 500):
                api.trouble = lambda *_, status=status: ApiError(status, "", "refused")
                await asyncio.sleep(10)

    virtual_time.run(main())
    warnings = [line for line in log_lines if line["log_level"] == "warning"]
    assert len(warnings) == 3
    assert not any("service account needs" in line["reason"] for line in warnings)


def test_a_server_that_goes_away_is_said_once_by_a_leader_too(log_lines):
    async def main():
        api = FakeApi()
        async with running(leader(api, "one")):
            for _ in range(2):
                api.trouble = lambda *_: None
                await asyncio.sleep(30)
                api.trouble = lambda *_: UnreachableError("refused")
                await asyncio.sleep(60)

    virtual_time.run(main())
    told = [line["event"] for line in log_lines]
    once = ["leading", "the leader's Lease cannot be kept", "not leading any more"]
    assert told == once + once


def test_a_listener_that_fails_does_not_end_it():
    async def main():
        api = FakeApi()
        one = leader(api, "one")
        told: list[bool] = []

        def fail(_):
            raise RuntimeError("a bug")

        one.listen(fail)
        one.listen(told.append)
        async with running(one):
            await asyncio.sleep(30)
            assert one.is_leading
            assert told == [True]

    virtual_time.run(main())
