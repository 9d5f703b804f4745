"""ConfigMaps that tell proxies whom to trust: where, when and by whom they are written."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import structlog

from straightway.certificates.publishing import AGAIN, AuthorityMaps
from straightway.kubernetes.errors import ApiError
from tests.support import virtual_time


class Scene:
    """An API server that counts applies, and what the leader knows."""

    def __init__(self):
        self.applied: list[Any] = []
        self.namespaces = ["shop", "bank"]
        self.bundle = b"authority 1"
        self.leads = True
        self.forbidden: set[str] = set()
        self.maps = AuthorityMaps(
            self, lambda: self.namespaces, lambda: self.bundle, lambda: self.leads
        )

    async def request(self, method, path, *, body=None, query=None, content_type=""):
        namespace = body["metadata"]["namespace"]
        assert path == f"/api/v1/namespaces/{namespace}/configmaps/straightway-ca"
        if namespace in self.forbidden:
            raise ApiError(403, "Forbidden", f"no configmaps in {namespace}")
        self.applied.append((namespace, body["data"]["ca.crt"]))

    async def look(self):
        """Look once, and return what was applied."""
        self.applied.clear()
        await self.maps.look()
        return list(self.applied)


def in_time(test):
    async def run():
        await test(Scene())

    return lambda: virtual_time.run(run())


@in_time
async def test_each_namespace_is_told_once(scene):
    assert await scene.look() == [("bank", "authority 1"), ("shop", "authority 1")]
    assert await scene.look() == []
    scene.namespaces.append("new")
    assert await scene.look() == [("new", "authority 1")]


@in_time
async def test_all_are_told_of_a_new_authority(scene):
    await scene.look()
    scene.bundle = b"authority 2"
    assert await scene.look() == [("bank", "authority 2"), ("shop", "authority 2")]


@in_time
async def test_what_somebody_has_deleted_is_there_again_in_time(scene):
    await scene.look()
    await asyncio.sleep(AGAIN)
    assert len(await scene.look()) == 2


@pytest.mark.parametrize("reason", ["not the leader", "no authority"])
def test_nothing_is_written_without_a_reason(reason):
    @in_time
    async def check(scene):
        if reason == "not the leader":
            scene.leads = False
        else:
            scene.bundle = b""
        assert await scene.look() == []

    check()


@in_time
async def test_a_new_leader_looks_at_all(scene):
    await scene.look()
    scene.leads = False
    await scene.look()
    scene.leads = True
    assert len(await scene.look()) == 2


@in_time
async def test_a_namespace_that_refuses_stops_no_other_and_is_told_once(scene):
    scene.forbidden = {"bank"}
    with structlog.testing.capture_logs() as logs:
        assert await scene.look() == [("shop", "authority 1")]
        assert await scene.look() == []
    assert [line["config_map"] for line in logs] == ["bank/straightway-ca"]
    scene.forbidden = set()
    assert await scene.look() == [("bank", "authority 1")]
