"""Writing back as a whole: a control loop, proxies and an API server in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import yaml

from straightway.discovery import (
    CLUSTER,
    LISTENER,
    ROUTE_CONFIGURATION,
    ClientState,
    Delivery,
    Rejection,
    Sent,
    Variant,
)
from straightway.documents import Bundle, Document, ProblemStore, Reference
from straightway.proxies.audience import Audience
from straightway.writeback import Leader, Times, Writeback
from tests.support.configs import PathOrigin, istio, service
from tests.support.control import FRONTS, Desk, running
from tests.support.fake_api import FakeApi

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ROOT = "/apis/networking.istio.io/v1/namespaces/default"
PLURALS = {
    "Gateway": "gateways",
    "VirtualService": "virtualservices",
    "WorkloadEntry": "workloadentries",
    "Service": "services",
}
GATEWAY = istio(
    "Gateway",
    "gw",
    """
    selector: {tier: front}
    servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]
    """,
)
ROUTES = "{hosts: ['*'], gateways: [gw], http: [{route: [{destination: {host: HOST}}]}]}"


def routes(host: str = "web") -> str:
    return istio("VirtualService", "routes", ROUTES.replace("HOST", host))


@dataclass
class Proxies:
    """Streams as the discovery server reports them."""

    found: list[Delivery] = field(default_factory=list)

    def deliveries(self) -> list[Delivery]:
        return self.found


class Cluster:
    """Objects in the API server, and what the source emits of them."""

    def __init__(self) -> None:
        self.api = FakeApi()
        self.proxies = Proxies()
        self.number = 0

    def start(self) -> None:
        problems = ProblemStore()
        self.leader = Leader(self.api, "me", "here", times=Times(), jitter=lambda: 0.5)
        self.back = Writeback(self.api, self.leader, problems, source="cluster")
        self.desk = Desk(["cluster"], wanted=(FRONTS,), listener=self.back, problems=problems)

    def apply(self, *texts: str) -> None:
        self.desk.apply(*map(self.bundle, texts), source="cluster")

    def bundle(self, text: str) -> Bundle:
        body = yaml.safe_load(text)
        kind, name = body["kind"], body["metadata"]["name"]
        path = self.path(kind, name)
        if path not in self.api.objects:
            self.api.create(path, apiVersion=body["apiVersion"], kind=kind)
        else:
            self.api.objects[path]["metadata"]["generation"] += 1
        if kind != "Service":
            body["metadata"]["generation"] = self.api.objects[path]["metadata"]["generation"]
        return Bundle(path, (Document(body, PathOrigin(path)),))

    def delete(self, kind: str, name: str) -> None:
        path = self.path(kind, name)
        self.api.delete(path)
        self.desk.apply(Bundle(path), source="cluster")

    def path(self, kind: str, name: str) -> str:
        root = "/api/v1/namespaces/default" if kind == "Service" else ROOT
        return f"{root}/{PLURALS[kind]}/{name}"

    def reference(self, kind: str, name: str) -> Reference:
        return Reference("networking.istio.io", kind, "default", name)

    def condition(self, kind: str, name: str, condition: str) -> tuple[Any, ...]:
        found = self.api.conditions(self.path(kind, name)).get(condition, {})
        return (found.get("status"), found.get("reason"), found.get("observedGeneration"))

    def connect(self, name: str, audience: Audience = FRONTS) -> ClientState:
        """Have a proxy that has accepted everything."""
        client = ClientState(name, "", audience, Variant.DELTA, "peer")
        self.proxies.found.append(Delivery(client, True, False, True))
        self.back.stream_opened(client)
        self.accept(client)
        return client

    def accept(self, client: ClientState) -> None:
        self.number += 1
        for type_url in (CLUSTER, LISTENER, ROUTE_CONFIGURATION):
            state = client.of_type(type_url)
            state.sent = state.acked = Sent("v", format(self.number, "x"), NOW)
            state.rejected = None

    def reject(self, client: ClientState, type_url: str, words: str, names: Iterable[str]) -> None:
        state = client.of_type(type_url)
        state.acked = None
        state.rejected = Rejection("v", "f", words, tuple(names), NOW)
        self.proxies.found = [
            each._replace(rejects=True) if each.client is client else each
            for each in self.proxies.found
        ]
        self.back.nacked(client, type_url, words, tuple(names))

    def events(self) -> list[tuple[str, str]]:
        return [
            (body["regarding"]["name"], body["reason"])
            for body in self.api.objects.values()
            if body.get("kind") == "Event"
        ]


@asynccontextmanager
async def leading(cluster: Cluster, *texts: str) -> AsyncIterator[Cluster]:
    """Have a leader write back for a cluster with these objects, for a while first."""
    cluster.start()
    async with running(cluster.desk):
        cluster.apply(*texts)
        tasks = [
            asyncio.create_task(cluster.leader.run()),
            asyncio.create_task(cluster.back.run(cluster.desk.control, cluster.proxies)),
        ]
        try:
            await asyncio.sleep(50)
            yield cluster
            assert not any(task.done() for task in tasks)
        finally:
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task


WEB = service("web", "{name: http, port: 80}")
