"""Which audiences the control loop keeps snapshots for, from before the config is in."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from straightway.control.loop import Control
from straightway.discovery import LISTENER, Cache
from straightway.documents import Bundle, Document, Origin
from straightway.proxies.audience import Audience, Proxy, Role
from straightway.sources import Update
from tests.support.objects import gateway

LABELS = {"istio": "ingressgateway"}
PROXY = Proxy(Role.GATEWAY, "istio-system", {**LABELS, "pod-template-hash": "abc"})


class Line(Origin):
    def at(self, path: tuple[str | int, ...] = ()) -> str:
        return "test.yaml:1"


class OneProxy:
    """Does what the streams do: wants the audience of a proxy, and moves when it is another."""

    def __init__(self, control: Control) -> None:
        self.control = control
        self.audience = control.audience_of(PROXY)
        control.rekey = self.rekey
        control.want(self.audience)

    def rekey(self) -> None:
        audience = self.control.audience_of(PROXY)
        if audience != self.audience:
            self.control.drop(self.audience)
            self.audience = audience
            self.control.want(audience)


def update(body: Mapping[str, Any], *, synced: bool) -> Update:
    bundle = Bundle(body["metadata"]["name"], (Document(body, Line()),))
    return Update((bundle,), synced)


async def test_a_proxy_that_came_before_the_config_gets_what_selects_its_labels() -> None:
    cache = Cache()
    control = Control(cache)
    proxy = OneProxy(control)
    running = asyncio.create_task(control.run())

    control.apply(update(gateway("g", "shop", selector=LABELS, ports=[8080]), synced=True))
    await asyncio.wait_for(control.synced.wait(), 5)
    running.cancel()

    assert proxy.audience == Audience(Role.GATEWAY, "istio-system", tuple(LABELS.items()))
    assert list(cache.get(proxy.audience, LISTENER)) == ["127.0.0.1_8080"]
    assert list(cache.keys()) == [proxy.audience]
