"""A control loop as its users see it: updates in, and what its audiences have in the cache."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress

from straightway.catalog import Catalog
from straightway.control import Control, Debounce, Interest
from straightway.discovery import RESOURCE_TYPES, Cache, Resource
from straightway.documents import Bundle, ChangeListener, ProblemStore
from straightway.intake import Intake
from straightway.proxies.audience import Audience, Proxy, Role, audience_in
from straightway.sources import Update
from tests.support.configs import bundle, entry, istio, service

PAUSE = 1.0
CONFIG = Debounce(quiet=10.0, limit=40.0)
LONG = 1000.0
"""After so many seconds of virtual time all is in force, and no loop has anything to do."""

AUDIENCE = Audience(Role.SIDECAR, "default")
FRONTS = Audience(Role.GATEWAY, "default", (("tier", "front"),))
"""The gateways that ``{tier: front}`` selects."""
WEB = bundle(service("web", "{name: http, port: 80}"), "web.yaml")
ASSIGNMENT = "outbound|80||web.default.svc.cluster.local"
"""The cluster of :data:`WEB`, and its assignment."""
API = "outbound|80||api.default.svc.cluster.local"
"""The cluster of ``service_file("api")``."""


def workload(address: str, name: str = "a", **more: str) -> Bundle:
    """Return a file with one workload of the service ``web``; ``more`` are labels."""
    return bundle(entry(name, {"app": "web", **more}, address), f"{name}.yaml")


def service_file(name: str, namespace: str = "default", port: int = 80) -> Bundle:
    """Return a file with one service."""
    return bundle(
        service(name, f"{{name: http, port: {port}}}", namespace), f"{namespace}.{name}.yaml"
    )


def gateway_file(selector: str, name: str = "gw", port: int = 80) -> Bundle:
    """Return a file with a Gateway; ``selector`` is a YAML mapping."""
    server = f"{{port: {{number: {port}, name: http, protocol: HTTP}}, hosts: ['*']}}"
    return bundle(
        istio("Gateway", name, f"{{selector: {selector}, servers: [{server}]}}"), f"{name}.yaml"
    )


def routes_file(name: str, host: str, destination: str = "web", gateway: str = "gw") -> Bundle:
    """Return a file with a VirtualService for one host."""
    spec = f"""
    hosts: [{host}]
    gateways: [{gateway}]
    http: [{{route: [{{destination: {{host: {destination}}}}}]}}]
    """
    return bundle(istio("VirtualService", name, spec), f"{name}.yaml")


class Desk:
    """A control loop, and proxies that move to other audiences as streams do.

    ``times`` are those at which :data:`AUDIENCE` was sent something new.
    """

    def __init__(
        self,
        sources: Iterable[str] = ("folder",),
        *,
        grace: float = 0.0,
        proxies: Iterable[Proxy] = (),
        wanted: Iterable[Audience] = (AUDIENCE,),
        linger: float = 0.0,
        listener: ChangeListener | None = None,
        problems: ProblemStore | None = None,
    ) -> None:
        self.cache = Cache()
        self.catalog = Catalog(mistaken=lambda *_: None)
        self.interest = Interest(self.cache, linger)
        self.problems = ProblemStore() if problems is None else problems
        self.intake = Intake(grace=grace)
        self.control = Control(
            self.catalog,
            self.cache,
            sources=list(sources),
            intake=self.intake,
            interest=self.interest,
            problems=self.problems,
            listener=listener,
            endpoints_pause=PAUSE,
            config=CONFIG,
        )
        self.times: list[float] = []
        self.rekeyed = 0
        self.on_rekey: Callable[[], None] = lambda: None
        self._proxies: dict[int, tuple[Proxy, Audience]] = {}
        self._note: Callable[[], None] = lambda: self.times.append(now())
        self.watch(AUDIENCE, self._note)
        for audience in wanted:
            self.interest.audience_wanted(audience)
        for proxy in proxies:
            self.connect(proxy)

    def watch(self, audience: Audience, wake: Callable[[], None]) -> None:
        self.cache.watch(audience, wake)

    def leave(self, audience: Audience) -> None:
        """Do what the last stream of an audience does when it ends."""
        self.cache.unwatch(audience, self._note)
        self.interest.audience_unused(audience)

    def apply(self, *bundles: Bundle, source: str = "folder", synced: bool = True) -> None:
        self.control.apply(source, Update(bundles, synced))

    # --- What streams do ---

    @property
    def audiences(self) -> set[Audience]:
        """The audiences of the proxies that are connected."""
        return {audience for _, audience in self._proxies.values()}

    def connect(self, proxy: Proxy) -> None:
        audience = audience_in(proxy, self.catalog)
        self._proxies[id(proxy)] = (proxy, audience)
        self.interest.audience_wanted(audience)

    def rekey(self) -> None:
        self.rekeyed += 1
        self.on_rekey()
        before = self.audiences
        for proxy, _ in list(self._proxies.values()):
            self.connect(proxy)
        for audience in before - self.audiences:
            self.interest.audience_unused(audience)

    # --- What is served ---

    def resources(self, audience: Audience = AUDIENCE) -> dict[tuple[str, str], Resource]:
        """Everything that an audience has, by type URL and name."""
        return {
            (url, name): resource
            for url in RESOURCE_TYPES
            for name, resource in self.cache.get(audience, url).items()
        }

    def names(self, url: str, audience: Audience = AUDIENCE) -> list[str]:
        """The names of an audience's resources of one type, sorted."""
        return sorted(self.cache.get(audience, url))

    def body(self, url: str, name: str, audience: Audience = AUDIENCE) -> bytes:
        """The bytes of a resource, in which names and addresses can be looked for."""
        return bytes(self.cache.get(audience, url)[name].body)


def now() -> float:
    """The time of the event loop, in seconds."""
    return asyncio.get_running_loop().time()


async def until(condition: Callable[[], bool]) -> None:
    """Let other tasks run, without any time going by, until something is so."""
    for _ in range(100_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it has not come about")


@asynccontextmanager
async def running(desk: Desk) -> AsyncIterator[Desk]:
    """Run a control loop; at the end it is cancelled, and must end by that alone."""
    task = asyncio.create_task(desk.control.run(desk.rekey))
    try:
        yield desk
    finally:
        assert not task.done(), "the control loop has ended"
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def synced(*bundles: Bundle, desk: Desk | None = None) -> AsyncIterator[Desk]:
    """Run a control loop that has its first config in force at time 0."""
    async with running(desk or Desk()) as made:
        made.apply(*(bundles or (WEB, workload("10.0.0.1"))))
        await made.control.synced.wait()
        made.times.clear()
        yield made


def changed(
    before: Mapping[tuple[str, str], Resource], after: Mapping[tuple[str, str], Resource]
) -> set[tuple[str, str]]:
    """The resources that differ, came or went."""
    return {key for key in before.keys() | after.keys() if before.get(key) is not after.get(key)}
