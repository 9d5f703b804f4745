"""The Helm charts of `deploy/charts`, rendered by the real Helm."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.support.kube import KubeServer
from tests.support.kube_binaries import need, program
from tests.support.kube_client import Json

CHARTS = Path(__file__).parents[2] / "deploy" / "charts"
CONTROL_PLANE = "straightway"
GATEWAY = "straightway-gateway"

PEERS = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]

EVERYTHING: Mapping[str, Json] = {
    CONTROL_PLANE: {
        "image": {"repository": "registry.example:5000/straightway", "tag": "v1"},
        "imagePullSecrets": [{"name": "registry"}],
        "revision": "canary",
        "gatewaySecrets": {"namespaces": ["gateways"], "cluster": True},
        "tls": {"names": ["xds.example.com"]},
        "xds": {"clientCA": {"configMap": "proxies"}, "anonymous": True},
        "extraArgs": ["--log-level=debug"],
        "webhooks": {
            "validation": {
                "enabled": True,
                "failurePolicy": "Fail",
                "namespaceSelector": {
                    "matchLabels": {"team": "models"},
                    "matchExpressions": [{"key": "frozen", "operator": "DoesNotExist"}],
                },
            },
            "injection": {"enabled": True},
        },
        "serviceAccount": {"annotations": {"example.com/role": "reader"}},
        "networkPolicy": {"proxies": [{"namespaceSelector": {}}], "monitoring": PEERS},
        "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
        "priorityClassName": "system-cluster-critical",
        "podAnnotations": {"example.com/note": "a note"},
        "podLabels": {"team": "platform"},
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"key": "dedicated", "operator": "Exists"}],
        "affinity": {"podAntiAffinity": {}},
    },
    GATEWAY: {
        "imagePullSecrets": [{"name": "registry"}],
        "controlPlane": {
            "host": "straightway.elsewhere.svc.cluster.local",
            "port": 8443,
            "tokenAudience": "elsewhere",
            "caConfigMap": "elsewhere-ca",
            "serviceAccount": {"name": "straightway", "namespace": "elsewhere"},
        },
        "labels": {"istio": "models", "team": "models"},
        "credentials": {"secretNames": ["models-tls", "chat-tls"]},
        "service": {
            "extraPorts": [{"name": "grpc-models", "port": 8008}],
            "annotations": {"example.com/scheme": "internal"},
            "loadBalancerClass": "example.com/internal",
            "loadBalancerSourceRanges": ["10.0.0.0/8"],
            "externalTrafficPolicy": "Local",
        },
        "drain": {"seconds": 90, "lingerSeconds": 30},
        "autoscaling": {"maxReplicas": 40},
        "networkPolicy": {"monitoring": PEERS},
        "podMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
        "priorityClassName": "system-cluster-critical",
        "podAnnotations": {"example.com/note": "a note"},
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"key": "dedicated", "operator": "Exists"}],
        "affinity": {"podAntiAffinity": {}},
    },
}
"""For each chart, values that turn every option on which goes together with the others."""


class HelmError(Exception):
    """Helm refused; the message is what it printed."""


def helm(*arguments: str, text: str = "") -> str:
    """Run Helm; return what it printed. Skips the test where there is no Helm."""
    need("helm")
    result = subprocess.run(
        [program("helm"), *arguments], input=text, capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        raise HelmError(result.stdout + result.stderr)
    return result.stdout


def render(
    chart: str,
    values: Mapping[str, Any] | None = None,
    *,
    release: str = "",
    namespace: str = "straightway-system",
) -> list[Json]:
    """Return the objects of a release, by default one with the chart's name and values."""
    command = ["template", release or chart, str(CHARTS / chart), "--namespace", namespace]
    printed = helm(*command, "--values", "-", text=yaml.safe_dump(dict(values or {})))
    return [item for item in yaml.safe_load_all(printed) if item]


def only(objects: Iterable[Json], kind: str) -> Json:
    """Return the one object of a kind."""
    (found,) = (item for item in objects if item["kind"] == kind)
    return found


def of_kinds(objects: Iterable[Json], *kinds: str) -> list[Json]:
    """Return the objects of some kinds, in the order in which the chart has them."""
    return [item for item in objects if item["kind"] in kinds]


def container(objects: Iterable[Json]) -> Json:
    """Return the one container of the one Deployment."""
    (found,) = only(objects, "Deployment")["spec"]["template"]["spec"]["containers"]
    return dict(found)


def pod_of(objects: Iterable[Json], name: str = "pod") -> Json:
    """Return a Pod as the Deployment's controller would make it."""
    deployment = only(objects, "Deployment")
    template = deployment["spec"]["template"]
    metadata = {
        **template["metadata"],
        "name": name,
        "namespace": deployment["metadata"]["namespace"],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


def grant(kube: KubeServer, objects: Iterable[Json]) -> str:
    """Apply a rendered chart's service account and its permissions; return a token of it.

    The token is one for the API server, as the Pods of the chart have it: it may do exactly what
    the chart allows. The namespaces must exist.
    """
    objects = list(objects)
    account = only(objects, "ServiceAccount")
    rights = of_kinds(objects, "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
    kube.apply(account, *rights)
    return kube.service_account(account["metadata"]["namespace"], account["metadata"]["name"])
