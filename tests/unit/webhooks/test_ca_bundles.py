"""The authorities of webhooks are kept at a bounded pace, whatever the API server does."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from straightway.kubernetes import ApiError, Client, KubernetesError, UnreachableError
from straightway.webhooks.ca_bundles import MANAGER, CaBundles, Names, sync_ca_bundle
from tests.support.virtual_time import run

NAMES = Names(("a",), ("b",))
CA = b"authority"
BUNDLE = base64.b64encode(CA).decode()


class FakeServer:
    """An API server with two configurations; `error` is what it answers, if anything."""

    def __init__(self) -> None:
        self.bundles: dict[str, str | None] = {"a": None, "b": None}
        self.written: list[dict[str, Any]] = []
        self.requests = 0
        self.error: KubernetesError | None = None
        self.keeps = True

    async def request(self, method: str, path: str, *, body: Any = None, **more: Any) -> Any:
        self.requests += 1
        if self.error is not None:
            raise self.error
        name = path.rpartition("/")[2]
        if name not in self.bundles:
            raise ApiError(404, "NotFound", "not found")
        if method == "GET":
            client = {"url": "https://x", "caBundle": self.bundles[name]}
            return {
                "metadata": {"name": name, "resourceVersion": "7", "labels": {"x": "y"}},
                "webhooks": [{"name": f"{name}.straightway.dev", "clientConfig": client}],
            }
        assert more["query"] == {"fieldManager": MANAGER, "force": True}
        self.written.append(body)
        if self.keeps:
            self.bundles[name] = body["webhooks"][0]["clientConfig"]["caBundle"]
        return body

    @property
    def client(self) -> Client:
        return cast("Client", self)


async def kept_for(
    server: FakeServer, seconds: float, is_leader: Callable[[], bool] = lambda: True
) -> None:
    bundles = CaBundles(server.client, NAMES, is_leader)
    bundles.use(CA)
    keeping = asyncio.create_task(bundles.run())
    await asyncio.sleep(seconds)
    keeping.cancel()


def test_only_the_bundle_is_applied():
    server = FakeServer()
    run(sync_ca_bundle(server.client, Names(("a",)), CA))
    assert server.written == [
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": "a", "resourceVersion": "7"},
            "webhooks": [{"name": "a.straightway.dev", "clientConfig": {"caBundle": BUNDLE}}],
        }
    ]


def test_what_is_right_or_not_installed_is_not_written():
    server = FakeServer()
    server.bundles = {"a": BUNDLE}
    assert run(sync_ca_bundle(server.client, NAMES, CA)) == []
    assert server.written == []


def test_one_that_others_overwrite_is_written_once_in_a_while():
    server = FakeServer()
    server.keeps = False
    run(kept_for(server, 600.0))
    assert 18 <= len(server.written) <= 22, "two configurations, once a minute"


@pytest.mark.parametrize(
    "error", [UnreachableError("gone"), ApiError(409, "Conflict", "no"), ApiError(500, "", "x")]
)
def test_what_fails_is_retried_at_a_bounded_pace_and_told_once(error):
    server = FakeServer()
    server.error = error

    async def scenario():
        keeping = asyncio.create_task(kept_for(server, 700.0))
        await asyncio.sleep(600.0)
        assert 20 <= server.requests <= 80
        server.error = None
        await keeping

    with capture_logs() as lines:
        run(scenario())
    assert server.bundles == {"a": BUNDLE, "b": BUNDLE}
    told = [each["event"] for each in lines if each["log_level"] == "warning"]
    assert told == ["authorities of webhooks not written"] * 2


def test_what_may_not_be_read_is_left_to_others_and_looked_at_again():
    server = FakeServer()
    server.error = ApiError(403, "Forbidden", "no")
    with capture_logs() as lines:
        run(kept_for(server, 600.0))
    assert 18 <= server.requests <= 22
    assert {each["log_level"] for each in lines} == {"info"}
    assert len(lines) == 2


def test_only_the_leader_writes():
    server = FakeServer()
    leads = False

    async def scenario():
        nonlocal leads
        keeping = asyncio.create_task(kept_for(server, 120.0, lambda: leads))
        await asyncio.sleep(60.0)
        assert server.requests == 0
        leads = True
        await keeping

    run(scenario())
    assert server.bundles == {"a": BUNDLE, "b": BUNDLE}


def test_a_new_authority_is_written_at_once():
    server = FakeServer()

    async def scenario():
        bundles = CaBundles(server.client, NAMES)
        bundles.use(b"old")
        keeping = asyncio.create_task(bundles.run())
        await asyncio.sleep(1.0)
        bundles.use(CA)
        await asyncio.sleep(1.0)
        keeping.cancel()

    run(scenario())
    assert server.bundles == {"a": BUNDLE, "b": BUNDLE}
    assert len(server.written) == 4
