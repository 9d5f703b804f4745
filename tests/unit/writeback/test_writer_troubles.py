"""The writer when others undo it, and when the API server is away or refuses."""

from __future__ import annotations

import asyncio

import pytest

from straightway.kubernetes import ApiError, UnreachableError
from straightway.writeback.desired import ACCEPTED
from straightway.writeback.facts import Address
from tests.support import virtual_time
from tests.support.fake_api import FakeApi
from tests.support.status_writer import MESSAGE, path, ref, said, status, writing


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
