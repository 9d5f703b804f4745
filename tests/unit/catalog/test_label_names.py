"""Which labels and annotations of workloads are read: those that some object names."""

from __future__ import annotations

import pytest

from straightway.catalog import keys, label_names
from tests.support.configs import entry, istio, service
from tests.support.world import World, parsed

SUBSETS = "loadBalancer: {dynamicSubset: {subsetSelectors: [{keys: [%s]}]%s}}"
DEFAULT = ", fallbackPolicy: DEFAULT_SUBSET, defaultSubset: {stage: prod}"


def rule(policy: str = "", subsets: str = "") -> str:
    parts = [f"trafficPolicy: {{{policy}}}"] if policy else []
    parts += [f"subsets: [{subsets}]"] if subsets else []
    return istio("DestinationRule", "r", f"{{host: web, {', '.join(parts)}}}")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (service("web", "{port: 80}", selector={"app": "a", "tier": "b"}), {"app", "tier"}),
        (service("web", "{port: 80}", selector={}), set()),
        (rule(SUBSETS % ("model, v", DEFAULT)), {"model", "v", "stage"}),
        (rule("", "{name: v1, labels: {version: '1'}}"), {"version"}),
        (
            rule(
                SUBSETS % ("model", ""),
                f"{{name: v1, labels: {{v: '1'}}, trafficPolicy: {{{SUBSETS % ('stage', '')}}}}}",
            ),
            {"model", "v", "stage"},
        ),
        (rule("connectionPool: {tcp: {maxConnections: 1}}"), set()),
        (
            istio(
                "Gateway",
                "gw",
                "{selector: {istio: gw}, servers: "
                "[{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]}",
            ),
            {"istio"},
        ),
        (
            istio(
                "ServiceEntry",
                "e",
                "{hosts: [x.com, y.com], resolution: STATIC, "
                "ports: [{number: 80, name: http, protocol: HTTP}], "
                "workloadSelector: {labels: {app: x}}}",
            ),
            {"app"},
        ),
        (entry("a", {"app": "web"}, "10.0.0.1"), set()),
    ],
)
def test_each_kind_names_what_it_reads(text, names):
    [item] = parsed(text).values()
    assert item is not None
    assert label_names(item) == names


def test_the_catalog_has_the_names_of_all_its_objects():
    world = World(rule(SUBSETS % ("model", "")))
    assert world.catalog.values_at(keys.LABEL_NAMES) == {"model"}
    assert keys.LABEL_NAMES in world.change(rule("", "{name: v1, labels: {v: '1'}}"))
    assert world.catalog.values_at(keys.LABEL_NAMES) == {"v"}
    assert keys.LABEL_NAMES not in world.change(rule("", "{name: v2, labels: {v: '2'}}"))
    # A Service that is not in force may be, once another is gone.
    hosts = "{hosts: [web.default.svc.cluster.local], ports: [{number: 80, name: http}], %s}"
    selector = "resolution: STATIC, workloadSelector: {labels: {tier: x}}"
    world.change(
        service("web", "{port: 80}", selector={"app": "a"}),
        istio("ServiceEntry", "e", hosts % selector),
    )
    assert world.catalog.values_at(keys.LABEL_NAMES) == {"v", "app", "tier"}
