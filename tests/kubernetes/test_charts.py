"""A real API server accepts what the charts render, under the strictest Pod Security Standard."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import pytest
import typer

from straightway.cli import app
from tests.support.charts import (
    CONTROL_PLANE,
    EVERYTHING,
    GATEWAY,
    container,
    of_kinds,
    only,
    pod_of,
    render,
)
from tests.support.kube import KubeServer
from tests.support.kube_client import Json, KubeError

VARIANTS: Mapping[str, tuple[str, Json]] = {
    "control plane": (CONTROL_PLANE, {}),
    "control plane, everything on": (CONTROL_PLANE, {**EVERYTHING[CONTROL_PLANE]}),
    "control plane of two namespaces": (
        CONTROL_PLANE,
        {**EVERYTHING[CONTROL_PLANE], "namespaces": ["gateways", "shop"]},
    ),
    "control plane with a given certificate": (
        CONTROL_PLANE,
        {**EVERYTHING[CONTROL_PLANE], "tls": {"selfMade": False, "secretName": "pair"}},
    ),
    "control plane, everything off": (
        CONTROL_PLANE,
        {
            "writeStatus": False,
            "maxConnectionAgeSeconds": 0,
            "rbac": {"create": False},
            "serviceAccount": {"create": False},
            "networkPolicy": {"enabled": False},
            "podDisruptionBudget": {"enabled": False},
        },
    ),
    "gateway": (GATEWAY, {}),
    "gateway, everything on": (GATEWAY, {**EVERYTHING[GATEWAY]}),
    "gateway, everything off": (
        GATEWAY,
        {
            "labels": {"istio": None},
            "service": {"type": "ClusterIP", "statusPort": False},
            "autoscaling": {"enabled": False},
            "networkPolicy": {"enabled": False},
            "podDisruptionBudget": {"enabled": False},
        },
    ),
}
EACH = pytest.mark.parametrize("variant", VARIANTS)
MONITORS = ("ServiceMonitor", "PodMonitor")
_numbers = itertools.count(1)


@pytest.fixture
def restricted(kube: KubeServer) -> str:
    """A namespace in which only Pods of the standard `restricted` are admitted."""
    name = f"charts-{next(_numbers)}"
    label = {"pod-security.kubernetes.io/enforce": "restricted"}
    metadata = {"name": name, "labels": label}
    kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    for other in ("gateways", "shop"):
        kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": other}})
    return name


@pytest.fixture(scope="session")
def monitors(kube: KubeServer) -> None:
    """Kinds like those of the Prometheus operator, with what the charts use of them."""
    kube.install_crds(
        [
            monitor("ServiceMonitor", "servicemonitors", "endpoints"),
            monitor("PodMonitor", "podmonitors", "podMetricsEndpoints"),
        ]
    )


def monitor(kind: str, plural: str, endpoints: str) -> Json:
    text = {"type": "string"}
    endpoint = {"type": "object", "properties": dict.fromkeys(("port", "path", "interval"), text)}
    labels = {"type": "object", "additionalProperties": text}
    spec = {
        "type": "object",
        "properties": {
            "selector": {"type": "object", "properties": {"matchLabels": labels}},
            endpoints: {"type": "array", "items": endpoint},
        },
    }
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.monitoring.coreos.com"},
        "spec": {
            "group": "monitoring.coreos.com",
            "names": {"kind": kind, "plural": plural},
            "scope": "Namespaced",
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }


@EACH
def test_every_object_is_accepted(
    variant: str, kube: KubeServer, monitors: None, restricted: str
) -> None:
    chart, values = VARIANTS[variant]
    objects = render(chart, values, namespace=restricted)

    kube.apply(*objects, dry_run=True)


@EACH
def test_a_pod_of_the_deployment_is_admitted_as_restricted(
    variant: str, kube: KubeServer, restricted: str
) -> None:
    chart, values = VARIANTS[variant]
    objects = render(chart, values, namespace=restricted)
    pod = pod_of(objects)
    kube.make_service_account(restricted, pod["spec"]["serviceAccountName"])

    (stored,) = kube.apply(pod, dry_run=True)

    assert stored["spec"]["securityContext"]["runAsNonRoot"] is True


def test_restricted_means_something(kube: KubeServer, restricted: str) -> None:
    pod = pod_of(render(GATEWAY, namespace=restricted))
    kube.make_service_account(restricted, pod["spec"]["serviceAccountName"])
    del pod["spec"]["containers"][0]["securityContext"]

    with pytest.raises(KubeError, match='violates PodSecurity "restricted'):
        kube.apply(pod, dry_run=True)


@EACH
def test_every_object_names_its_namespace_and_its_release(variant: str) -> None:
    chart, values = VARIANTS[variant]
    objects = render(chart, values, release="one", namespace="here")

    everywhere = {"ClusterRole", "ClusterRoleBinding"}
    for item in objects:
        cluster = item["kind"] in everywhere or item["kind"].endswith("WebhookConfiguration")
        others = {"shop", "gateways"} if item["kind"] in ("Role", "RoleBinding") else set()
        assert item["metadata"].get("namespace", "") in ({""} if cluster else {"here"} | others)
        assert item["metadata"]["labels"]["app.kubernetes.io/instance"] == "one"
    names = [
        (item["kind"], item["metadata"]["name"], item["metadata"].get("namespace"))
        for item in objects
    ]
    assert len(names) == len(set(names))


@EACH
def test_selectors_select_the_pods_and_nothing_that_an_upgrade_changes(variant: str) -> None:
    chart, values = VARIANTS[variant]
    objects = render(chart, values)
    deployment = only(objects, "Deployment")["spec"]
    labels = deployment["template"]["metadata"]["labels"]
    selectors = [
        deployment["selector"]["matchLabels"],
        only(objects, "Service")["spec"]["selector"],
        *(
            item["spec"]["podSelector"]["matchLabels"]
            for item in of_kinds(objects, "NetworkPolicy")
        ),
        *(
            item["spec"]["selector"]["matchLabels"]
            for item in of_kinds(objects, "PodDisruptionBudget", *MONITORS)
        ),
        *(
            constraint["labelSelector"]["matchLabels"]
            for constraint in deployment["template"]["spec"]["topologySpreadConstraints"]
        ),
    ]

    for selector in selectors:
        assert selector == selectors[0]
        assert selector.items() <= labels.items()
    assert selectors[0].keys() <= {"app", "app.kubernetes.io/name", "app.kubernetes.io/instance"}


@EACH
def test_ports_that_are_named_exist(variant: str) -> None:
    chart, values = VARIANTS[variant]
    objects = render(chart, values)
    ports = {port["name"]: port["containerPort"] for port in container(objects)["ports"]}

    for port in only(objects, "Service")["spec"]["ports"]:
        assert port["targetPort"] in {*ports, *ports.values()}
    for probe in ("readinessProbe", "livenessProbe"):
        if probe in container(objects):
            assert container(objects)[probe]["httpGet"]["port"] in ports
    for policy in of_kinds(objects, "NetworkPolicy"):
        for rule in policy["spec"]["ingress"]:
            for port in rule["ports"]:
                assert port["port"] in {*ports, *ports.values()}
    for monitor in of_kinds(objects, *MONITORS):
        spec = monitor["spec"]
        for endpoint in spec.get("endpoints", spec.get("podMetricsEndpoints")):
            assert endpoint["port"] in ports


def serve_options() -> set[str]:
    program = typer.main.get_command(app)
    assert isinstance(program, typer.core.TyperGroup)
    return {
        name
        for parameter in program.commands["serve"].params
        for name in (*parameter.opts, *parameter.secondary_opts)
    }


@pytest.mark.parametrize("variant", [name for name in VARIANTS if name.startswith("control")])
def test_serve_knows_every_option(variant: str) -> None:
    chart, values = VARIANTS[variant]
    command, *options = container(render(chart, values))["args"]

    assert command == "serve"
    assert {option.partition("=")[0] for option in options} - serve_options() == set()


def test_two_replicas_are_updated_one_after_the_other() -> None:
    deployment = only(render(CONTROL_PLANE), "Deployment")["spec"]

    assert deployment["replicas"] == 2
    assert deployment["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


def test_a_pod_of_the_gateway_has_the_time_that_its_drain_takes() -> None:
    objects = render(GATEWAY, {"drain": {"seconds": 90, "lingerSeconds": 30}})
    pod = only(objects, "Deployment")["spec"]["template"]["spec"]
    arguments = container(objects)["args"]

    assert arguments[arguments.index("--drain-time-s") + 1] == "90"
    assert pod["terminationGracePeriodSeconds"] > 90 + 30


def test_no_one_but_the_kubelet_may_start_a_drain() -> None:
    objects = render(GATEWAY, EVERYTHING[GATEWAY])
    drain = container(objects)["lifecycle"]["preStop"]["httpGet"]["port"]

    rules = only(objects, "NetworkPolicy")["spec"]["ingress"]
    assert drain not in [port["port"] for rule in rules for port in rule["ports"]]
    assert drain not in [port["targetPort"] for port in only(objects, "Service")["spec"]["ports"]]


def test_the_gateways_service_has_the_ports_that_users_expect() -> None:
    service = only(render(GATEWAY), "Service")["spec"]

    assert {port["name"]: (port["port"], port["targetPort"]) for port in service["ports"]} == {
        "http2": (80, 8080),
        "https": (443, 8443),
        "status-port": (15021, 15021),
    }


@pytest.mark.parametrize("revision", ["", "canary"])
def test_webhooks_ask_about_the_objects_that_are_read(revision: str) -> None:
    values = {"revision": revision, "webhooks": {"validation": {"enabled": True}}}
    webhooks = only(render(CONTROL_PLANE, values), "ValidatingWebhookConfiguration")["webhooks"]

    selectors = [webhook.get("objectSelector", {}) for webhook in webhooks]
    own = {"matchLabels": {"istio.io/rev": "canary"}}
    unlabelled = {"matchExpressions": [{"key": "istio.io/rev", "operator": "DoesNotExist"}]}
    assert selectors == ([own, unlabelled] if revision else [{}])
    assert {webhook["failurePolicy"] for webhook in webhooks} == {"Ignore"}
