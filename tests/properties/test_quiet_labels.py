"""What a source keeps to itself is missed by nobody: two control planes over one cluster agree.

One is told of every change. To the other its source passes on only those labels and annotations of
workloads that the config names.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from straightway.api import Pod
from straightway.catalog import keys
from straightway.documents import Reference
from straightway.proxies.audience import Audience, Proxy, Role, audience_in
from straightway.sources import Update
from straightway.sources.kubernetes import KubernetesSource
from tests.support.control import Desk, running
from tests.support.fake_cluster import Body, FakeCluster
from tests.support.objects import destination_rule, gateway, service, virtual_service
from tests.support.virtual_time import run

AUDIENCES = (
    Audience(Role.SIDECAR, "default"),
    Audience(Role.GATEWAY, "default", (("app", "a"),)),
    Audience(Role.GATEWAY, "default", (("app", "a"), ("tier", "a"))),
)
PODS = ("one", "two")
VALUES = st.sampled_from(["a", "true"])
LABELS = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("tier", "model", "model/a", "v", "note"), VALUES)
)
ANNOTATIONS = st.fixed_dictionaries({}, optional=dict.fromkeys(("model", "beat"), VALUES))
SELECTORS = st.sampled_from([{"app": "a"}, {"app": "a", "tier": "a"}, {"tier": "a"}, {}])
SUBSETS = [{"name": "v1", "labels": {"v": "a"}}]


def dynamic(**more: Any) -> Body:
    return {"loadBalancer": {"dynamicSubset": {"subsetSelectors": [{"keys": ["model"]}], **more}}}


POLICIES: list[Body] = [
    {},
    {"trafficPolicy": dynamic()},
    {"trafficPolicy": dynamic(fallbackPolicy="DEFAULT_SUBSET", defaultSubset={"note": "a"})},
    {"subsets": SUBSETS},
    {"subsets": [{**SUBSETS[0], "trafficPolicy": dynamic()}]},
]


def pod(name: str, labels: Mapping[str, str], annotations: Mapping[str, str], ready: str) -> Body:
    metadata = {"name": name, "namespace": "default", "labels": labels, "annotations": annotations}
    status = {
        "podIP": f"10.0.0.{PODS.index(name) + 1}",
        "conditions": [{"type": "Ready", "status": ready}],
    }
    spec = {"containers": [{"name": "c", "ports": [{"name": "http", "containerPort": 8080}]}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status}


def entry(labels: Mapping[str, str], annotations: Mapping[str, str]) -> Body:
    metadata = {"name": "vm", "namespace": "default", "labels": labels, "annotations": annotations}
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "WorkloadEntry",
        "metadata": metadata,
        "spec": {"address": "10.0.1.1", "labels": {"app": "a"}},
    }


def service_entry(selector: Mapping[str, str]) -> Body:
    spec = {
        "hosts": ["x.com"],
        "ports": [{"number": 80, "name": "http", "protocol": "HTTP"}],
        "resolution": "STATIC",
        "workloadSelector": {"labels": dict(selector) or {"tier": "a"}},
    }
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "ServiceEntry",
        "metadata": {"name": "entry", "namespace": "default"},
        "spec": spec,
    }


WORKLOADS = st.builds(
    pod,
    st.sampled_from(PODS),
    LABELS.map(lambda labels: {"app": "a", **labels}),
    ANNOTATIONS,
    st.sampled_from(["True", "True", "True", "False"]),
) | st.builds(entry, LABELS, ANNOTATIONS)
RULES = st.builds(
    lambda more: {**destination_rule("web", "default"), "spec": {"host": "web", **more}},
    st.sampled_from(POLICIES),
)
SERVICES = st.builds(
    lambda selector: service("web", "default", selector=selector, ports={"http": 80}), SELECTORS
)
GATEWAYS = st.builds(
    lambda selector: gateway("gw", "default", selector=selector, ports=[8080]), SELECTORS
)
CONFIG = RULES | RULES | SERVICES | GATEWAYS | GATEWAYS | st.builds(service_entry, SELECTORS)
ROUTES = virtual_service(
    "routes",
    "default",
    [
        {"match": [{"uri": {"prefix": "/v"}}], "route": [{"destination": {"host": "web"}}]},
        {"route": [{"destination": {"host": "web", "subset": "v1"}}]},
    ],
    gateways=["gw", "mesh"],
)
THERE = st.sampled_from([True, True, True, True, True, True, False])
STEP = st.lists(st.tuples(WORKLOADS, THERE), min_size=1, max_size=3) | st.lists(
    st.tuples(CONFIG, THERE), min_size=1, max_size=2
)
START = [
    ROUTES,
    service("web", "default", selector={"app": "a"}, ports={"http": 80}),
    gateway("gw", "default", selector={"app": "a"}, ports=[8080]),
    *(pod(name, {"app": "a", "note": name}, {}, "True") for name in PODS),
]
SETTLED = 60.0
"""After so many seconds of virtual time all is in force."""


class Plane:
    """A control plane with its source; ``quiet``: it says which labels count."""

    def __init__(self, cluster: FakeCluster, *, quiet: bool) -> None:
        self.desk = Desk(["kubernetes"], wanted=AUDIENCES)
        self.emitted: list[str] = []
        self.source = KubernetesSource(cluster.as_client())
        if quiet:
            self.desk.control.follow_labels(self.source.count_labels)

    def take(self, update: Update) -> None:
        self.emitted += [bundle.key for bundle in update.bundles]
        self.desk.control.apply("kubernetes", update)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[Plane]:
        async with running(self.desk):
            task = asyncio.create_task(self.source.run(self.take))
            try:
                yield self
            finally:
                assert not task.done()
                task.cancel()
                await asyncio.wait([task])

    def pod(self, name: str) -> Pod | None:
        found = self.desk.catalog.object(Reference("", "Pod", "default", name))
        return found if isinstance(found, Pod) else None

    def sent(self) -> list[dict[tuple[str, str], tuple[str, bytes]]]:
        return [
            {key: (each.version, bytes(each.body)) for key, each in found.items()}
            for found in map(self.desk.resources, AUDIENCES)
        ]

    def audiences_of_pods(self) -> list[Audience | None]:
        """Which gateways' config each Pod is to have, by its labels."""
        found = [self.pod(name) for name in PODS]
        return [
            audience_in(Proxy(Role.GATEWAY, "default", pod.metadata.labels), self.desk.catalog)
            if pod is not None
            else None
            for pod in found
        ]


def counting(texts: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    names = frozenset(names)
    return {
        name: text
        for name, text in texts.items()
        if name in names or name.rpartition("/")[0] in names
    }


def counting_labels(plane: Plane, names: Iterable[str]) -> list[Any]:
    found = [plane.pod(name) for name in PODS]
    return [
        (counting(each.metadata.labels, names), counting(each.metadata.annotations, names))
        for each in found
        if each is not None
    ]


def store(cluster: FakeCluster, body: Body, *, there: bool) -> None:
    if there:
        cluster.write(body)
    elif cluster.has(body):
        cluster.delete(body)


# To shrink an example takes minutes, and the steps speak for themselves.
@settings(max_examples=60, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(st.lists(STEP, min_size=4, max_size=12))
def test_all_that_is_sent_and_decided_is_as_if_every_label_counted(steps):
    async def story() -> None:
        cluster = FakeCluster()
        for body in START:
            cluster.write(body)
        everything, quiet = Plane(cluster, quiet=False), Plane(cluster, quiet=True)

        def nothing_old_counts() -> None:
            # Proxies are told apart by it, so not even for a moment.
            names = quiet.desk.catalog.values_at(keys.LABEL_NAMES)
            assert counting_labels(quiet, names) == counting_labels(everything, names)

        async with AsyncExitStack() as stack:
            for plane in (everything, quiet):
                await stack.enter_async_context(plane.at_work())
            await asyncio.sleep(SETTLED)
            quiet.desk.on_rekey = nothing_old_counts
            for step in steps:
                for body, there in step:
                    store(cluster, body, there=there)
                await asyncio.sleep(SETTLED)
                nothing_old_counts()
                assert quiet.sent() == everything.sent()
                assert quiet.audiences_of_pods() == everything.audiences_of_pods()
            assert quiet.desk.control.mistakes == everything.desk.control.mistakes == 0
            assert len(quiet.emitted) <= len(everything.emitted)

    run(story())
