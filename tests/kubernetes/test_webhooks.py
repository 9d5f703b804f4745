"""A real API server asks our webhooks, and a real kubectl shows what they answer."""

from __future__ import annotations

import asyncio
import copy
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from straightway.kubernetes import connect
from straightway.proxies.addresses import Address
from straightway.schemas import definitions
from straightway.units import Units
from straightway.webhooks import Validator, advice
from straightway.webhooks.ca_bundles import CaBundles, Names, sync_ca_bundle
from straightway.webhooks.injection import Injector
from straightway.webhooks.sidecar import NAME, sidecar_settings
from tests.support.configs import catalog_of, service
from tests.support.kube import KubeServer
from tests.support.kube_binaries import need, program
from tests.support.kube_client import KubeError
from tests.support.pods import pod
from tests.support.waiting import eventually
from tests.support.webhook_server import WebhookServer, webhook_server

Json = dict[str, Any]

CATALOG = catalog_of(service("models", "{name: http, port: 80}", namespace="shop"))
VALIDATOR = Validator(advise=advice(Units(CATALOG), lambda: True))
INJECTOR = Injector(sidecar_settings(Address("straightway.straightway-system.svc", 18443)))
CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1"


@pytest.fixture(scope="module")
def server(kube: KubeServer) -> KubeServer:
    """The API server, with our CRDs."""
    kube.install_crds(definitions())
    return kube


@pytest.fixture
def webhooks(server: KubeServer, namespace: str) -> Iterator[WebhookServer]:
    """Our server, which the API server asks about the objects of the test's namespace."""
    with webhook_server(VALIDATOR, INJECTOR) as running, _installed(server, running, namespace):
        yield running


@contextmanager
def _installed(server: KubeServer, webhooks: WebhookServer, namespace: str) -> Iterator[None]:
    configurations = [
        _configuration(
            "Validating",
            namespace,
            webhooks.client_config("/validate"),
            {
                "apiGroups": ["networking.istio.io"],
                "resources": ["*"],
                "operations": ["CREATE", "UPDATE"],
            },
        ),
        _configuration(
            "Mutating",
            namespace,
            webhooks.client_config("/inject"),
            {"apiGroups": [""], "resources": ["pods"], "operations": ["CREATE"]},
        ),
    ]
    server.apply(*configurations)
    try:
        # The API server takes note of them a moment later.
        eventually(lambda: _is_asked(server, namespace), what="the webhooks are asked")
        yield
    finally:
        server.delete(*configurations)


def _configuration(kind: str, namespace: str, client: Json, rule: Json) -> Json:
    webhook = {
        "name": f"{kind.lower()}.straightway.dev",
        "clientConfig": client,
        "rules": [{"apiVersions": ["*"], "scope": "Namespaced", **rule}],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "failurePolicy": "Ignore",
        "timeoutSeconds": 5,
    }
    if kind == "Mutating":
        webhook["reinvocationPolicy"] = "IfNeeded"
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": f"{kind}WebhookConfiguration",
        "metadata": {"name": f"straightway-{namespace}"},
        "webhooks": [webhook],
    }


def _is_asked(server: KubeServer, namespace: str) -> bool:
    (result,) = server.apply(pod("probe", namespace), dry_run=True)
    try:
        server.apply(virtual_service(namespace, uri={"regex": "["}), dry_run=True)
    except KubeError:
        return "initContainers" in result["spec"]
    return False


def virtual_service(namespace: str, *, uri: Json | None = None, host: str = "models.shop") -> Json:
    """Routes; the schema of the CRD lets any regular expression pass."""
    route: Json = {"name": "chat", "route": [{"destination": {"host": host}}]}
    if uri is not None:
        route["match"] = [{"uri": uri}]
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "chat", "namespace": namespace},
        "spec": {"hosts": ["chat.example.com"], "http": [route]},
    }


@pytest.fixture
def kubectl(server: KubeServer, tmp_path: Path):
    """Run kubectl with objects in a file."""
    need("kubectl")
    config = server.kubeconfig()

    def run(command: str, item: Json) -> subprocess.CompletedProcess[str]:
        file = tmp_path / "objects.yaml"
        file.write_text(json.dumps(item))
        arguments = [
            program("kubectl"),
            f"--kubeconfig={config}",
            *command.split(),
            "-f",
            str(file),
        ]
        return subprocess.run(arguments, capture_output=True, text=True, timeout=60)

    return run


# --- Validation ---


@pytest.mark.usefixtures("webhooks")
def test_kubectl_lists_what_is_wrong_with_path_and_remedy(kubectl, namespace: str) -> None:
    shown = kubectl("apply", virtual_service(namespace, uri={"regex": "["}))

    assert shown.returncode == 1
    assert 'The VirtualService "chat" is invalid' in shown.stderr
    assert "spec.http[0].match[0].uri.regex: " in shown.stderr
    assert '(http[0] is "chat".)' in shown.stderr
    assert "Warning: Straightway denies this object. For the lines" in shown.stderr


@pytest.mark.usefixtures("webhooks")
def test_other_clients_get_it_in_one_message(server: KubeServer, namespace: str) -> None:
    with pytest.raises(KubeError) as refused:
        server.apply(virtual_service(namespace, uri={"regex": "["}))
    assert (refused.value.status, refused.value.reason) == (422, "Invalid")
    assert "straightway.dev" in refused.value.message
    assert "spec.http[0].match[0].uri.regex" in refused.value.message


@pytest.mark.usefixtures("webhooks")
def test_a_good_object_is_stored_without_a_word(kubectl, namespace: str) -> None:
    shown = kubectl("apply", virtual_service(namespace))
    assert (shown.returncode, shown.stderr) == (0, "")


@pytest.mark.usefixtures("webhooks")
def test_what_is_missing_elsewhere_is_a_warning(kubectl, server, namespace: str) -> None:
    item = virtual_service(namespace, host="models.shopp")
    shown = kubectl("apply", item)

    assert shown.returncode == 0
    assert shown.stderr.startswith("Warning: spec.http[0].route[0].destination.host: There is no")
    assert server.read(item)["spec"]["http"][0]["name"] == "chat"


@pytest.mark.usefixtures("webhooks")
def test_a_dry_run_is_asked_and_stores_nothing(kubectl, server, namespace: str) -> None:
    shown = kubectl("apply --dry-run=server", virtual_service(namespace, uri={"regex": "["}))
    assert shown.returncode == 1

    item = virtual_service(namespace)
    assert kubectl("apply --dry-run=server", item).returncode == 0
    with pytest.raises(KubeError, match="404"):
        server.read(item)


def test_while_our_server_is_away_objects_are_stored(
    webhooks: WebhookServer, server: KubeServer, namespace: str
) -> None:
    webhooks.stop()
    broken = virtual_service(namespace, uri={"regex": "["})
    server.apply(broken)
    assert NAME not in str(server.apply(pod("app-1", namespace)))

    webhooks.start()
    with pytest.raises(KubeError, match="is invalid"):
        server.apply({**broken, "metadata": {**broken["metadata"], "name": "other"}})


def test_a_broken_object_that_is_stored_can_be_changed_elsewhere_and_deleted(
    webhooks: WebhookServer, server: KubeServer, kubectl, namespace: str
) -> None:
    broken = virtual_service(namespace, uri={"regex": "["})
    broken["metadata"]["finalizers"] = ["example.com/wait"]
    webhooks.stop()
    server.apply(broken)
    webhooks.start()

    broken["metadata"]["labels"] = {"team": "shop"}
    server.apply(broken)
    worse = copy.deepcopy(broken)
    worse["spec"]["http"].append({"match": [{"uri": {"regex": "("}}], **_route()})
    with pytest.raises(KubeError, match="is invalid"):
        server.apply(worse)

    server.set_status(broken, {"validationMessages": []})
    server.delete(broken)
    assert "deletionTimestamp" in server.read(broken)["metadata"]
    broken["metadata"]["finalizers"] = []
    server.apply(broken)
    with pytest.raises(KubeError, match="404"):
        server.read(broken)


def _route() -> Json:
    return {"route": [{"destination": {"host": "models.shop"}}]}


# --- Injection ---


@pytest.fixture
def restricted(server: KubeServer, namespace: str) -> str:
    """The test's namespace, which enforces the standard `restricted`."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    server.apply(
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": namespace, "labels": labels},
        }
    )
    return namespace


@pytest.mark.usefixtures("webhooks")
def test_a_pod_with_a_sidecar_is_admitted_under_restricted(server, restricted: str) -> None:
    weak = pod("weak", restricted)
    weak["spec"]["containers"][0]["securityContext"] = {}
    with pytest.raises(KubeError, match="violates PodSecurity"):
        server.apply(weak)

    item = pod("app-1", restricted)
    item["metadata"]["annotations"] = {
        "straightway.dev/proxy-hosts": "models.shop",
        "straightway.dev/proxy-cpu": "50m",
    }
    (stored,) = server.apply(item)
    (sidecar,) = stored["spec"]["initContainers"]
    assert (sidecar["name"], sidecar["restartPolicy"]) == (NAME, "Always")
    assert sidecar["resources"]["requests"]["cpu"] == "50m"
    assert stored["spec"]["hostAliases"] == [{"ip": "127.0.0.1", "hostnames": ["models.shop"]}]
    names = {volume["name"] for volume in stored["spec"]["volumes"]}
    assert {"straightway-token", "straightway-ca"} <= names


@pytest.mark.usefixtures("webhooks")
def test_a_copy_of_an_injected_pod_is_stored_as_it_is(server, namespace: str) -> None:
    (stored,) = server.apply(pod("app-1", namespace))
    again = copy.deepcopy(stored)
    again["metadata"] = {"name": "app-2", "namespace": namespace}
    del again["status"]
    (second,) = server.apply(again)
    assert second["spec"]["initContainers"] == stored["spec"]["initContainers"]


@pytest.mark.usefixtures("webhooks")
def test_a_pod_with_a_wrong_annotation_is_denied(kubectl, namespace: str) -> None:
    item = pod("app-1", namespace)
    item["metadata"]["annotations"] = {"straightway.dev/proxy-memory": "lots"}
    shown = kubectl("apply", item)
    assert shown.returncode == 1
    assert 'The Pod "app-1" is invalid' in shown.stderr
    assert 'metadata.annotations["straightway.dev/proxy-memory"]: "lots" is not' in shown.stderr


# --- The authorities ---


async def test_authorities_are_written_and_nothing_else(webhooks, server, namespace: str) -> None:
    name = f"straightway-{namespace}"
    names = Names((name, "missing"), (name,))
    path = f"{CONFIGURATIONS}/validatingwebhookconfigurations/{name}"
    before = server.request("GET", path)["webhooks"][0]

    async with connect(server.kubeconfig()) as client:
        assert await sync_ca_bundle(client, names, webhooks.authority) == []
        changed = await sync_ca_bundle(client, names, b"other")
        assert changed == [
            f"ValidatingWebhookConfiguration {name}",
            f"MutatingWebhookConfiguration {name}",
        ]
        after = server.request("GET", path)["webhooks"][0]
        assert after["clientConfig"].pop("caBundle") == "b3RoZXI="
        del before["clientConfig"]["caBundle"]
        assert after == before
        version = server.request("GET", path)["metadata"]["resourceVersion"]
        assert await sync_ca_bundle(client, names, b"other") == []
        assert server.request("GET", path)["metadata"]["resourceVersion"] == version


async def test_authorities_that_somebody_overwrites_come_back(webhooks, server, namespace) -> None:
    name = f"straightway-{namespace}"
    path = f"{CONFIGURATIONS}/mutatingwebhookconfigurations/{name}"

    def bundle() -> str:
        return str(server.request("GET", path)["webhooks"][0]["clientConfig"]["caBundle"])

    right = bundle()
    async with connect(server.kubeconfig()) as client:
        bundles = CaBundles(client, Names((), (name,)), every=0.1)
        bundles.use(webhooks.authority)
        keeping = asyncio.create_task(bundles.run())
        server.request(
            "PATCH",
            path,
            [{"op": "replace", "path": "/webhooks/0/clientConfig/caBundle", "value": "b3RoZXI="}],
            content_type="application/json-patch+json",
        )
        await asyncio.to_thread(eventually, lambda: bundle() == right)
        keeping.cancel()
