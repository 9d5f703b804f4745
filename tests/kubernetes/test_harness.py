"""The harness itself: a real API server that tests can stop, compact and set back."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from tests.support.kube import KubeServer
from tests.support.kube_binaries import need, program
from tests.support.kube_client import KubeError
from tests.support.kube_credentials import USER_TOKEN
from tests.support.waiting import eventually

Json = dict[str, Any]


def config_map(name: str, namespace: str = "default", **data: str) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "data": data,
    }


def pod(name: str, namespace: str) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"containers": [{"name": "main", "image": "example/image"}]},
    }


GREETINGS = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "greetings.example.com"},
    "spec": {
        "group": "example.com",
        "names": {"kind": "Greeting", "plural": "greetings"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "properties": {"text": {"type": "string"}},
                            }
                        },
                    }
                },
            }
        ],
    },
    "status": {"conditions": [], "storedVersions": []},
}


def greeting(namespace: str, spec: Json) -> Json:
    return {
        "apiVersion": "example.com/v1",
        "kind": "Greeting",
        "metadata": {"name": "hello", "namespace": namespace},
        "spec": spec,
    }


def test_applied_objects_are_stored_and_watched(kube: KubeServer, namespace: str) -> None:
    (first,) = kube.apply(config_map("settings", namespace, color="red"))
    version = first["metadata"]["resourceVersion"]
    kube.apply(config_map("settings", namespace, color="blue"))

    with kube.watch(
        f"/api/v1/namespaces/{namespace}/configmaps", resourceVersion=version
    ) as events:
        event = next(events)

    assert event["type"] == "MODIFIED"
    assert event["object"]["data"] == {"color": "blue"}
    assert kube.read(first)["data"] == {"color": "blue"}


def test_a_status_is_written_apart(kube: KubeServer, namespace: str) -> None:
    (stored,) = kube.apply(pod("runtime-1", namespace))
    kube.set_status(stored, {"phase": "Running", "podIP": "10.1.2.3"})

    status = kube.read(stored)["status"]
    assert (status["phase"], status["podIP"]) == ("Running", "10.1.2.3")


def test_deleted_objects_are_gone(kube: KubeServer, namespace: str) -> None:
    stored = kube.apply(config_map("settings", namespace), pod("runtime-1", namespace))
    kube.delete(*stored)
    kube.delete(*stored)
    for item in stored:
        with pytest.raises(KubeError, match="404 NotFound"):
            kube.read(item)


def test_kinds_of_a_definition_are_served_at_once(kube: KubeServer, namespace: str) -> None:
    kube.install_crds([GREETINGS])
    (stored,) = kube.apply(greeting(namespace, {"text": "hello"}))
    assert stored["spec"] == {"text": "hello"}


def test_unknown_fields_are_refused_unless_a_test_wants_them_pruned(
    kube: KubeServer, namespace: str
) -> None:
    kube.install_crds([GREETINGS])
    wrong = greeting(namespace, {"text": "hello", "texxt": "hello"})

    for write in (kube.apply, kube.create):
        with pytest.raises(KubeError, match="texxt"):
            write(wrong)
    (stored,) = kube.create(wrong, validation="Ignore")
    assert stored["spec"] == {"text": "hello"}


def test_a_dry_run_stores_nothing(kube: KubeServer, namespace: str) -> None:
    (answer,) = kube.apply(config_map("settings", namespace), dry_run=True)
    with pytest.raises(KubeError, match="404"):
        kube.read(answer)


def test_rights_come_from_rbac(kube: KubeServer, namespace: str) -> None:
    kube.apply(config_map("settings", namespace))
    path = f"/api/v1/namespaces/{namespace}/configmaps/settings"
    assert not kube.allows("GET", path, token=USER_TOKEN)

    metadata = {"name": "reader", "namespace": namespace}
    group = "rbac.authorization.k8s.io"
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}
    kube.apply(
        {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": metadata, "rules": [rule]},
        {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": {"apiGroup": group, "kind": "Role", "name": "reader"},
            "subjects": [{"apiGroup": group, "kind": "User", "name": "user"}],
        },
    )
    eventually(lambda: kube.allows("GET", path, token=USER_TOKEN))


def review(kube: KubeServer, token: str, audience: str) -> Json:
    status: Json = kube.request(
        "POST",
        "/apis/authentication.k8s.io/v1/tokenreviews",
        {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenReview",
            "spec": {"token": token, "audiences": [audience]},
        },
    )["status"]
    return status


def test_tokens_of_service_accounts_are_valid_for_their_audience(
    kube: KubeServer, namespace: str
) -> None:
    token = kube.service_account(namespace, "gateway", audience="straightway")

    status = review(kube, token, "straightway")
    assert status["authenticated"]
    assert status["audiences"] == ["straightway"]
    assert status["user"]["username"] == f"system:serviceaccount:{namespace}:gateway"
    assert not review(kube, token, "another").get("authenticated")
    with pytest.raises(KubeError, match="401"):
        kube.request("GET", "/api/v1/namespaces", token=token)


def test_tokens_without_an_audience_are_for_the_api_server(
    kube: KubeServer, namespace: str
) -> None:
    token = kube.service_account(namespace, "gateway")
    with pytest.raises(KubeError, match=r'403.*"system:serviceaccount:.*:gateway"'):
        kube.request("GET", "/api/v1/namespaces", token=token)


def test_tokens_bound_to_a_pod_name_it_and_end_with_it(kube: KubeServer, namespace: str) -> None:
    (gateway,) = kube.apply(pod("gateway-1", namespace))
    # Two of them, because the API server remembers for seconds that a token was valid.
    first, second = [
        kube.service_account(namespace, "default", audience="straightway", pod=gateway)
        for _ in range(2)
    ]

    extra = review(kube, first, "straightway")["user"]["extra"]
    assert extra["authentication.kubernetes.io/pod-name"] == ["gateway-1"]
    kube.delete(gateway)
    assert not review(kube, second, "straightway").get("authenticated")


def test_pod_security_is_enforced(kube: KubeServer, namespace: str) -> None:
    label = {"pod-security.kubernetes.io/enforce": "restricted"}
    metadata = {"name": namespace, "labels": label}
    kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    with pytest.raises(KubeError, match='violates PodSecurity "restricted'):
        kube.apply(pod("runtime-1", namespace))


def test_pods_have_the_token_of_their_service_account(kube: KubeServer, namespace: str) -> None:
    (stored,) = kube.apply(pod("runtime-1", namespace))
    assert stored["spec"]["serviceAccountName"] == "default"
    assert stored["spec"]["volumes"][0]["projected"]


@pytest.mark.parametrize("client_certificate", [False, True])
def test_kubectl_takes_a_kubeconfig(
    kube: KubeServer, namespace: str, *, client_certificate: bool
) -> None:
    need("kubectl")
    config = kube.kubeconfig(client_certificate=client_certificate, namespace=namespace)
    kube.apply(config_map("settings", namespace))

    command = [program("kubectl"), "--kubeconfig", str(config), "get", "configmap", "--output=name"]
    assert "configmap/settings" in subprocess.check_output(command, text=True).splitlines()


@pytest.mark.parametrize("end", [KubeServer.stop, KubeServer.kill])
def test_data_and_address_survive_a_restart(own_kube: KubeServer, end: Any) -> None:
    own_kube.apply(config_map("settings", color="red"))
    url = own_kube.url

    end(own_kube)
    with pytest.raises(OSError, match="refused"):
        own_kube.read(config_map("settings"))
    own_kube.start()

    assert own_kube.url == url
    assert own_kube.read(config_map("settings"))["data"] == {"color": "red"}


def test_watches_from_before_a_compaction_are_gone_after_a_restart(own_kube: KubeServer) -> None:
    (first,) = own_kube.apply(config_map("settings", color="red"))
    for color in ("blue", "green"):
        own_kube.apply(config_map("settings", color=color))
        own_kube.compact()
    own_kube.kill()
    own_kube.start()

    version = first["metadata"]["resourceVersion"]
    path = "/api/v1/namespaces/default/configmaps"
    with own_kube.watch(path, resourceVersion=version) as events:
        event = next(events)
        assert list(events) == []
    assert event["type"] == "ERROR"
    assert event["object"]["code"] == 410


def test_a_paused_server_answers_nothing_and_goes_on_after_it(own_kube: KubeServer) -> None:
    own_kube.pause()
    with pytest.raises(OSError, match="timed out"):
        own_kube.request("GET", "/readyz", timeout=0.5)
    own_kube.resume()
    assert own_kube.request("GET", "/readyz") == "ok"


def test_older_data_can_be_restored(own_kube: KubeServer) -> None:
    own_kube.apply(config_map("settings", color="red"))
    saved = own_kube.save()
    (later,) = own_kube.apply(config_map("settings", color="blue"))

    own_kube.restore(saved)

    stored = own_kube.read(config_map("settings"))
    assert stored["data"] == {"color": "red"}
    assert int(stored["metadata"]["resourceVersion"]) < int(later["metadata"]["resourceVersion"])
