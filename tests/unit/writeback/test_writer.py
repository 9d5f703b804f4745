"""The writer on an API server in memory, in virtual time: what is written, when, and how often."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress

import pytest

from straightway.documents import Reference
from straightway.kubernetes import ApiError, UnreachableError
from straightway.writeback.conditions import Condition, Verdict
from straightway.writeback.desired import ACCEPTED, Desired
from straightway.writeback.facts import Address
from straightway.writeback.kinds import status_kind
from straightway.writeback.writer import Wanted, Writer
from tests.support import virtual_time
from tests.support.fake_api import FakeApi

V1 = "networking.istio.io/v1"
ROOT = "/apis/networking.istio.io/v1/namespaces/shop/virtualservices"
MESSAGE = {"type": {"name": "UnknownField", "code": "unknown-field"}, "level": "ERROR"}


def ref(name: object = "web", kind: str = "VirtualService") -> Reference:
    return Reference("networking.istio.io", kind, "shop", str(name))


def path(name: object = "web") -> str:
    return f"{ROOT}/{name}"


def status(message: str = "In force.", generation: int = 1, verdict=Verdict.TRUE, **more):
    condition = Condition(ACCEPTED, verdict, "Accepted", message, generation)
    return Wanted(V1, Desired(generation, (condition,), **more))


def said(api: FakeApi, name: object = "web") -> str:
    return str(api.conditions(path(name))[ACCEPTED]["message"])


@asynccontextmanager
async def writing(api: FakeApi, **options):
    writer = Writer(api, "straightway", jitter=lambda: 1.0, **options)
    task = asyncio.create_task(writer.run())
    try:
        yield writer
        assert not task.done()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


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
                await writer.load(status_kind(ref()), "v1")
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


@pytest.mark.parametrize("has_list", [False, True])
def test_another_controller_that_undoes_it_gets_a_bounded_number_of_writes(has_list, log_lines):
    async def main():
        api = FakeApi()
        api.has_list = has_list
        api.create(path())
        theirs = {"conditions": [{"type": "Reconciled", "status": "True"}]}
        async with writing(api) as writer:
            writer.want(ref(), status())
            for _ in range(3600):
                await asyncio.sleep(1)
                if ACCEPTED in api.conditions(path()):
                    version = api.write_status(path(), theirs)
                    writer.touched(ref(), version)
            # 2 + 4 + … + 256 s, then every 5 minutes.
            assert writer.writes in range(12, 20)
            # When the other one stops, ours is there for good.
            await asyncio.sleep(310)
            assert set(api.conditions(path())) == {ACCEPTED, "Reconciled"}
            writes = writer.writes
            await asyncio.sleep(3600)
            assert writer.writes == writes

    virtual_time.run(main())
    (warning,) = [line for line in log_lines if line["log_level"] == "warning"]
    assert warning["event"] == "another controller changes the status that is written"


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


def test_while_the_api_server_is_away_only_the_newest_is_kept_and_requests_are_few(log_lines):
    async def main():
        api = FakeApi()
        for name in range(20):
            api.create(path(name))
        async with writing(api) as writer:
            api.trouble = lambda *_: UnreachableError("refused")
            for number in range(60):
                for name in range(20):
                    writer.want(ref(name), status(str(number)))
                await asyncio.sleep(5)
            assert len(api.log) < 100
            api.trouble = lambda *_: None
            await asyncio.sleep(60)
            assert {said(api, name) for name in range(20)} == {"59"}
            assert api.count("PATCH") <= 20

    virtual_time.run(main())
    assert [line["event"] for line in log_lines] == ["status not written, it will be"]


def test_a_server_that_is_too_busy_is_left_alone_as_long_as_it_asks():
    async def main():
        api = FakeApi()
        api.create(path())
        async with writing(api) as writer:
            api.trouble = lambda *_: ApiError(429, "TooManyRequests", "busy", retry_after=40)
            writer.want(ref(), status())
            await asyncio.sleep(39)
            assert len(api.log) == 1
            api.trouble = lambda *_: None
            await asyncio.sleep(5)
            assert said(api) == "In force."

    virtual_time.run(main())


def test_credentials_that_are_refused_for_a_moment_cost_seconds_and_one_line(log_lines):
    async def main():
        api = FakeApi()
        for name in range(10):
            api.create(path(name))
        async with writing(api) as writer:
            api.trouble = lambda *_: ApiError(401, "Unauthorized", "Unauthorized")
            for name in range(10):
                writer.want(ref(name), status())
            await asyncio.sleep(20)
            api.trouble = lambda *_: None
            await asyncio.sleep(31)
            assert {said(api, name) for name in range(10)} == {"In force."}

    virtual_time.run(main())
    assert len(log_lines) == 1


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


def test_what_is_forbidden_is_said_once_with_the_verb_and_tried_again_much_later(log_lines):
    async def main():
        api = FakeApi()
        for name in range(10):
            api.create(path(name))
        async with writing(api) as writer:
            api.trouble = lambda method, _: (
                ApiError(403, "Forbidden", "no") if method == "PATCH" else None
            )
            for name in range(10):
                writer.want(ref(name), status())
            await asyncio.sleep(200)
            assert api.count("PATCH") <= 10
            api.trouble = lambda *_: None
            await asyncio.sleep(301)
            assert {said(api, name) for name in range(10)} == {"In force."}

    virtual_time.run(main())
    (warning,) = [line for line in log_lines if line["log_level"] == "warning"]
    assert "patch virtualservices/status" in warning["remedy"]


def test_a_conflict_is_read_again_and_written():
    async def main():
        api = FakeApi()
        api.create(path())
        conflicts = iter([ApiError(409, "Conflict", "changed")] * 2)
        async with writing(api) as writer:
            api.trouble = lambda method, _: next(conflicts, None) if method == "PATCH" else None
            writer.want(ref(), status())
            await asyncio.sleep(5)
            assert said(api) == "In force."
            assert (api.count("GET"), api.count("PATCH")) == (3, 3)

    virtual_time.run(main())


def test_endless_conflicts_are_no_hot_loop():
    async def main():
        api = FakeApi()
        api.create(path())
        async with writing(api) as writer:
            api.trouble = lambda method, _: (
                ApiError(409, "Conflict", "changed") if method == "PATCH" else None
            )
            writer.want(ref(), status())
            await asyncio.sleep(1000)
            assert api.count("PATCH") < 15

    virtual_time.run(main())


def test_a_schema_that_refuses_the_form_gets_another_one(log_lines):
    async def main():
        api = FakeApi()
        for name in range(5):
            api.create(path(name))

        async def request(method, where, *, body=None, **more):
            if method == "PATCH" and isinstance(body["status"]["observedGeneration"], str):
                await asyncio.sleep(0.01)
                raise ApiError(422, "Invalid", "status.observedGeneration: must be an integer")
            return await FakeApi.request(api, method, where, body=body, **more)

        api.request = request  # type: ignore[assignment]
        async with writing(api) as writer:
            for name in range(5):
                writer.want(ref(name), status(messages=(MESSAGE,)))
            await asyncio.sleep(10)
            for name in range(5):
                assert api.objects[path(name)]["status"]["observedGeneration"] == 1
                assert api.objects[path(name)]["status"]["validationMessages"] == [MESSAGE]

    virtual_time.run(main())
    assert log_lines == []


def test_fields_that_the_schema_drops_are_left_out_and_said_once(log_lines):
    async def main():
        api = FakeApi()
        api.unknown = {"validationMessages", "addresses"}
        for name in range(3):
            api.create(path(name))
        async with writing(api) as writer:
            for round_ in range(2):
                for name in range(3):
                    addresses = (Address("IPAddress", "10.0.0.1"),)
                    wanted = status(str(round_), messages=(MESSAGE,), addresses=addresses)
                    writer.want(ref(name), wanted)
                await asyncio.sleep(10)
            assert writer.writes == 6
            assert "addresses" not in api.bodies[-1]["status"]

    virtual_time.run(main())
    (warning,) = log_lines
    assert warning["fields"] == ["validationMessages", "addresses"]


def test_a_kind_that_refuses_every_form_is_given_up_once(log_lines):
    async def main():
        api = FakeApi()
        for name in range(20):
            api.create(path(name))
        async with writing(api) as writer:
            api.trouble = lambda method, _: (
                ApiError(422, "Invalid", "status: never") if method == "PATCH" else None
            )
            for name in range(20):
                writer.want(ref(name), status())
            await asyncio.sleep(1000)
            assert api.count("PATCH") < 30
            assert writer.waiting == 0

    virtual_time.run(main())
    assert [line["event"] for line in log_lines] == ["status of a kind not written"]


def test_an_object_whose_spec_is_invalid_by_now_does_not_change_the_form_of_others():
    async def main():
        api = FakeApi()
        api.create(path("bad"))
        api.create(path("good"))
        async with writing(api) as writer:
            api.trouble = lambda method, where: (
                ApiError(422, "Invalid", "spec.hosts: Required value")
                if method == "PATCH" and "bad" in where
                else None
            )
            writer.want(ref("bad"), status())
            writer.want(ref("good"), status(messages=(MESSAGE,)))
            await asyncio.sleep(200)
            assert api.objects[path("good")]["status"]["validationMessages"] == [MESSAGE]
            assert api.count("PATCH") == 2

    virtual_time.run(main())


def test_a_crd_without_a_status_is_said_once(log_lines):
    async def main():
        api = FakeApi()
        for name in range(5):
            api.create(path(name))
        async with writing(api) as writer:
            api.trouble = lambda _, where: (
                ApiError(404, "NotFound", "the server could not find the requested resource")
                if where.endswith("/status")
                else None
            )
            for name in range(5):
                writer.want(ref(name), status())
            await asyncio.sleep(1000)
            assert api.count("PATCH") <= 5

    virtual_time.run(main())
    (warning,) = log_lines
    assert warning["reason"] == "its CRD has no status sub-resource"


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
            await writer.load(status_kind(ref()), "v1")
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
