"""Pools: the runtimes that a ModelDiscovery names, and where each is asked."""

from __future__ import annotations

import pytest

from straightway.catalog import Observation
from straightway.documents import Reference
from straightway.holdings.pools import Pool, pools
from straightway.intake import Intake
from straightway.units import Call
from tests.support.configs import entry, service
from tests.support.secrets import secret, written
from tests.support.world import World

RULE = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: runtimes, namespace: default}
spec:
  host: runtimes
  trafficPolicy:
    loadBalancer: {dynamicSubset: {subsetSelectors: [{keys: [KEY]}]}}
"""
SERVICE = service("runtimes", "{name: http, port: 80, targetPort: web}", selector={"app": "triton"})


def discovery(spec: str, namespace: str = "default") -> str:
    return f"""
apiVersion: straightway.dev/v1alpha1
kind: ModelDiscovery
metadata: {{name: pool, namespace: {namespace}}}
spec: {spec}
"""


def pod(name: str, address: str, labels: str = "{app: triton}", namespace: str = "default") -> str:
    return f"""
apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: {namespace}, labels: {labels}}}
spec:
  containers:
  - ports: [{{name: web, containerPort: 8000}}, {{name: metrics, containerPort: 8002}}]
status: {{podIP: {address}, conditions: [{{type: Ready, status: "True"}}]}}
"""


def rule(key: str = "model") -> str:
    return RULE.replace("KEY", key)


def found(world: World) -> tuple[Pool, ...]:
    result: tuple[Pool, ...] = world.units.hold(Call(pools))
    return result


def only(*texts: str) -> Pool:
    (pool,) = found(World(*texts))
    return pool


def asked(pool: Pool) -> set[tuple[str, str, int]]:
    return {(each.workload.name, each.address, each.port) for each in pool.targets}


PODS = (pod("a", "10.0.0.1"), pod("b", "10.0.0.2"), pod("other", "10.0.0.3", "{app: web}"))


def test_the_endpoints_of_a_service_are_asked_at_the_usual_port_of_the_api():
    pool = only(SERVICE, rule(), *PODS, discovery("{service: runtimes, api: mlserver}"))
    assert asked(pool) == {("a", "10.0.0.1", 8080), ("b", "10.0.0.2", 8080)}
    assert {each.pod for each in pool.targets} == {"a", "b"}


@pytest.mark.parametrize(
    ("port", "number"), [("9000", 9000), ("http", 8000), ("metrics", 8002), ("web", 8000)]
)
def test_a_port_is_a_number_or_a_name_of_the_service_or_the_pod(port, number):
    pool = only(SERVICE, rule(), PODS[0], discovery(f"{{service: runtimes, port: {port}}}"))
    assert asked(pool) == {("a", "10.0.0.1", number)}


def test_without_an_api_runtimes_are_asked_where_the_service_reaches_them():
    pool = only(SERVICE, rule(), PODS[0], discovery("{service: runtimes}"))
    assert asked(pool) == {("a", "10.0.0.1", 8000)}


def test_workloads_are_selected_by_labels_that_no_service_selects_by():
    spec = "{workloadSelector: {matchLabels: {tier: gpu}}, key: model, port: 9}"
    chosen = pod("gpu", "10.0.0.9", "{tier: gpu}"), entry("vm", {"tier": "gpu"}, "10.0.1.1")
    pool = only(*PODS, *chosen, discovery(spec))
    assert asked(pool) == {("gpu", "10.0.0.9", 9), ("vm", "10.0.1.1", 9)}


def test_a_selector_that_goes_lets_its_labels_go():
    world = World(
        *PODS, discovery("{workloadSelector: {matchLabels: {app: web}}, key: m, port: 9}")
    )
    assert [asked(pool) for pool in found(world)] == [{("other", "10.0.0.3", 9)}]
    world.put(dict.fromkeys(each for each in world.objects if each.kind == "ModelDiscovery"))
    assert world.units.get(Call(pools)) == ()
    assert world.catalog._label_keys == {}


def test_inline_endpoints_that_share_an_address_are_runtimes_of_their_own():
    entries = """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: runtimes, namespace: default}
spec:
  hosts: [runtimes.example.com]
  ports: [{name: http, number: 80, protocol: HTTP}]
  resolution: STATIC
  endpoints:
  - {address: 127.0.0.1, ports: {http: 9001}}
  - {address: 127.0.0.1, ports: {http: 9002}}
"""
    world = World(entries, discovery("{service: runtimes.example.com, key: model}"))
    (pool,) = found(world)
    assert {each.port for each in pool.targets} == {9001, 9002}
    assert len({each.workload for each in pool.targets}) == 2


@pytest.mark.parametrize("key", ["model", "example.com/model"])
def test_the_key_is_the_only_one_of_the_services_rule(key):
    pool = only(SERVICE, rule(key), discovery("{service: runtimes}"))
    assert pool.settings.key == key


@pytest.mark.parametrize("rules", [(), (rule("a, b"),)])
def test_without_one_key_nothing_is_asked(rules):
    assert found(World(SERVICE, *rules, *PODS, discovery("{service: runtimes}"))) == ()


def test_the_runtimes_of_another_namespaces_service_are_not_asked():
    spec = "{service: runtimes.default.svc.cluster.local, key: model}"
    pool = only(SERVICE, rule(), *PODS, discovery(spec, "guest"))
    assert pool.targets == ()


def test_the_secret_gives_the_authorities_and_the_token():
    tls = "tls: {serverName: r.example.com}"
    world = World(
        SERVICE, discovery(f"{{service: runtimes, key: model, {tls}, credentialName: access}}")
    )
    body = secret("access", {"token": b"open sesame"}, of_type="Opaque")
    world.put(Intake().apply("test", [written(body)], now=0.0).changes)
    access = found(world)[0].settings.access
    assert access.tls
    assert access.server_name == "r.example.com"
    assert access.token is not None
    assert access.token.reveal() == b"open sesame"
    assert "sesame" not in repr(access)


def test_what_runtimes_hold_changes_no_pool():
    world = World(SERVICE, rule(), *PODS, discovery("{service: runtimes}"))
    before = found(world)
    held = {"model": Observation(("iris",), 1.0, "test")}
    world.observe(Reference("", "Pod", "default", "a"), held)
    assert world.units.get(Call(pools)) is before


def test_a_pod_that_comes_and_goes_is_asked_in_between():
    world = World(SERVICE, rule(), *PODS, discovery("{service: runtimes}"))
    found(world)
    world.change(pod("c", "10.0.0.4"))
    (pool,) = world.units.get(Call(pools))
    assert ("c", "10.0.0.4", 8000) in asked(pool)
    world.put({Reference("", "Pod", "default", "c"): None})
    (pool,) = world.units.get(Call(pools))
    assert ("c", "10.0.0.4", 8000) not in asked(pool)
