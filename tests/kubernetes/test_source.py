"""The source on a real API server: what it reads, and as whom."""

from __future__ import annotations

from typing import Any

import pytest

from straightway.kubernetes import follower, reflector
from straightway.schemas import definitions
from tests.support.kube import KubeServer
from tests.support.kube_client import MERGE_PATCH
from tests.support.kube_credentials import USER_TOKEN
from tests.support.objects import destination_rule, service, virtual_service
from tests.support.pods import pod
from tests.support.running_source import RunningSource
from tests.support.waiting import eventually

Json = dict[str, Any]

CORE = [("", "services"), ("", "pods"), ("discovery.k8s.io", "endpointslices")]
ISTIO = [
    ("networking.istio.io", kind)
    for kind in ("gateways", "destinationrules", "serviceentries", "workloadentries")
]
ROUTES = ("networking.istio.io", "virtualservices")
OTHERS = [
    ("istio.alibabacloud.com", "asmgrpcjsontranscoders"),
    ("straightway.dev", "modeldiscoveries"),
]
ALL = [*CORE, *ISTIO, ROUTES, *OTHERS]


@pytest.fixture(scope="module")
def server(kube: KubeServer) -> KubeServer:
    """The API server, with our CRDs."""
    kube.install_crds(definitions())
    return kube


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have kinds that are lacking believed sooner, and looked for more often."""
    monkeypatch.setattr(reflector, "CONFIRM_SECONDS", 0.5)
    monkeypatch.setattr(follower, "_LACKING_SECONDS", 0.5)


def shop(namespace: str, **selector: str) -> Json:
    return service("shop", namespace, selector={"app": "shop", **selector}, ports={"http": 80})


def key(item: Json, plural: str) -> str:
    return f"{plural}/{item['metadata']['namespace']}/{item['metadata']['name']}"


def grant(server: KubeServer, namespace: str, *kinds: tuple[str, str]) -> None:
    """Let the test's user read kinds of one namespace, and nothing else."""
    rules = [
        {"apiGroups": [group], "resources": [plural], "verbs": ["list", "watch"]}
        for group, plural in kinds
    ]
    name = {"name": "reader", "namespace": namespace}
    rbac = "rbac.authorization.k8s.io"
    server.apply(
        {"apiVersion": f"{rbac}/v1", "kind": "Role", "metadata": name, "rules": rules},
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "RoleBinding",
            "metadata": name,
            "roleRef": {"apiGroup": rbac, "kind": "Role", "name": "reader"},
            "subjects": [{"apiGroup": rbac, "kind": "User", "name": "user"}],
        },
    )


def test_quick_changes_end_in_the_last(server: KubeServer, namespace: str) -> None:
    item = shop(namespace, step="0")
    server.apply(item)
    with RunningSource(server.kubeconfig(), namespaces=[namespace]) as source:
        source.wait_until_synced()
        source.wait_for(key(item, "services"))
        for step in range(1, 21):
            server.apply(shop(namespace, step=str(step)))
        eventually(lambda: source.bodies[key(item, "services")]["spec"]["selector"]["step"] == "20")
        server.delete(item)
        source.wait_for()


def test_a_status_is_no_change_and_a_new_spec_is(server: KubeServer, namespace: str) -> None:
    rule = destination_rule("shop", namespace)
    server.apply(rule)
    with RunningSource(server.kubeconfig(), namespaces=[namespace]) as source:
        source.wait_until_synced()
        before = list(source.emitted)
        server.set_status(rule, {"conditions": [{"type": "Accepted", "status": "True"}]})
        server.apply(destination_rule("other", namespace))
        source.wait_for(
            f"destinationrules.networking.istio.io/{namespace}/shop",
            f"destinationrules.networking.istio.io/{namespace}/other",
        )
        assert source.emitted[len(before) :] == [
            f"destinationrules.networking.istio.io/{namespace}/other"
        ]


def test_heartbeats_are_no_change_and_a_name_that_counts_brings_the_newest(
    server: KubeServer, namespace: str
) -> None:
    name, sentinel = f"pods/{namespace}/runtime", f"pods/{namespace}/sentinel"
    runtime = pod("runtime", namespace, labels={"app": "shop", "role": "follower"})
    path = server.path_of(runtime)
    server.make_service_account(namespace, "default")
    server.apply(runtime)
    with RunningSource(server.kubeconfig(), namespaces=[namespace]) as source:
        source.wait_until_synced()
        source.count_labels("app")
        emitted = len(source.emitted)
        for beat in range(20):
            change: Json = {"annotations": {"example.com/beat": str(beat)}}
            change["labels"] = {"role": "leader" if beat % 2 else "follower"}
            server.request("PATCH", path, {"metadata": change}, content_type=MERGE_PATCH)
        server.apply(pod("sentinel", namespace))
        source.wait_for(name, sentinel)
        assert source.emitted[emitted:] == [sentinel]
        source.count_labels("app", "role")
        assert source.emitted[emitted:] == [sentinel, name]
        metadata = source.bodies[name]["metadata"]
        assert metadata["labels"]["role"] == "leader"
        assert metadata["annotations"]["example.com/beat"] == "19"


def test_a_client_certificate_is_enough(server: KubeServer, namespace: str) -> None:
    server.apply(shop(namespace))
    config = server.kubeconfig(client_certificate=True)
    with RunningSource(config, namespaces=[namespace]) as source:
        source.wait_until_synced()
        source.wait_for(f"services/{namespace}/shop")


def test_a_role_is_enough_to_read_one_namespace(server: KubeServer, namespace: str) -> None:
    server.apply(shop(namespace), virtual_service("routes", namespace, []))
    grant(server, namespace, *ALL)
    with RunningSource(server.kubeconfig(USER_TOKEN), namespaces=[namespace]) as source:
        source.wait_until_synced()
        source.wait_for(
            f"services/{namespace}/shop", f"virtualservices.networking.istio.io/{namespace}/routes"
        )
        assert source.problems == {}


def test_a_kind_that_may_not_be_read_is_read_once_it_may(
    server: KubeServer, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Rights are asked for when a watch begins.
    monkeypatch.setattr(follower, "_WATCH_SECONDS", (1, 1))
    monkeypatch.setattr(follower, "_SHORT_SECONDS", 0.5)
    both = (
        f"services/{namespace}/shop",
        f"virtualservices.networking.istio.io/{namespace}/routes",
    )
    server.apply(shop(namespace), virtual_service("routes", namespace, []))
    grant(server, namespace, *(kind for kind in ALL if kind != ROUTES))
    with RunningSource(server.kubeconfig(USER_TOKEN), namespaces=[namespace]) as source:
        source.wait_until_synced()
        source.wait_for(f"services/{namespace}/shop")
        assert list(source.problems.values()) == [["kind-forbidden"]]
        grant(server, namespace, *ALL)
        source.wait_for(*both)
        assert source.problems == {}
        grant(server, namespace, *(kind for kind in ALL if kind != ROUTES))
        eventually(lambda: list(source.problems.values()) == [["kind-forbidden"]])
        server.delete(virtual_service("routes", namespace, []))
        server.delete(shop(namespace))
        # Of what nobody may read, nobody can say that it is gone.
        source.wait_for(both[1])
        grant(server, namespace, *ALL)
        source.wait_for()
        eventually(lambda: source.problems == {})


def test_a_namespace_is_deleted(live_kube: KubeServer) -> None:
    for name in ("shop", "home"):
        live_kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        live_kube.apply(shop(name))
    with RunningSource(live_kube.kubeconfig()) as source:
        source.wait_until_synced()
        assert {"services/shop/shop", "services/home/shop"} < set(source.bodies)
        live_kube.request("DELETE", "/api/v1/namespaces/shop")
        eventually(lambda: "services/shop/shop" not in source.bodies, seconds=30)
        assert "services/home/shop" in source.bodies
