"""The writer of status at work on an API server in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from straightway.documents import Reference
from straightway.writeback.conditions import Condition, Verdict
from straightway.writeback.desired import ACCEPTED, Desired
from straightway.writeback.kinds import STATUS_KINDS
from straightway.writeback.writer import Wanted, Writer
from tests.support.fake_api import FakeApi

V1 = "networking.istio.io/v1"
KIND = STATUS_KINDS["networking.istio.io", "VirtualService"]
ROOT = "/apis/networking.istio.io/v1/namespaces/shop/virtualservices"
MESSAGE = {"type": {"name": "UnknownField", "code": "unknown-field"}, "level": "ERROR"}


def ref(name: object = "web", kind: str = "VirtualService") -> Reference:
    return Reference("networking.istio.io", kind, "shop", str(name))


def path(name: object = "web") -> str:
    return f"{ROOT}/{name}"


def status(
    message: str = "In force.", generation: int = 1, verdict: Verdict = Verdict.TRUE, **more: Any
) -> Wanted:
    """A status to want for a VirtualService."""
    condition = Condition(ACCEPTED, verdict, "Accepted", message, generation)
    return Wanted(V1, Desired(generation, (condition,), **more))


def said(api: FakeApi, name: object = "web") -> str:
    """What an object's condition says."""
    return str(api.conditions(path(name))[ACCEPTED]["message"])


@asynccontextmanager
async def writing(api: FakeApi, **options: Any) -> AsyncIterator[Writer]:
    """Have a writer write; options are its own."""
    writer = Writer(api, "straightway", jitter=lambda: 1.0, **options)
    task = asyncio.create_task(writer.run())
    try:
        yield writer
        assert not task.done()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
