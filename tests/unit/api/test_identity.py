"""A typo in an object's identity is distinguished from a foreign kind."""

from __future__ import annotations

import pytest

from straightway.api import is_known, reference_of

ISTIO = "networking.istio.io/v1"


@pytest.mark.parametrize(
    ("api_version", "kind", "meant"),
    [
        (ISTIO, "VirtualServise", "VirtualService"),
        (ISTIO, "virtualservice", "VirtualService"),
        (ISTIO, "VSvc", "VirtualService"),
        (ISTIO, "Service", "v1"),
        ("netwroking.istio.io/v1", "VirtualService", ISTIO),
        ("nteworking.itsio.io/v1", "VirtualService", ISTIO),
        ("networking.istio/v1beta1", "Gateway", "networking.istio.io/v1beta1"),
        ("Networking.Istio.io/v1", "VirtualServise", ISTIO),
        ("networking.istio.io/v1/", "Gateway", ISTIO),
        ("networking.istio.io", "Gateway", ISTIO),
        ("istio.alibabcloud.com/v1", "ASMGrpcJsonTranscoder", "istio.alibabacloud.com/v1"),
        ("v1", "VirtualService", ISTIO),
        ("v1", "EndpointSlice", "discovery.k8s.io/v1"),
        ("v1", "Servise", "Service"),
        ("dicsovery.k8s.io/v1", "EndpointSlice", "discovery.k8s.io/v1"),
        ("discovery.k8s.io/v1", "EndpointSlices", "EndpointSlice"),
    ],
)
def test_a_slip_is_a_problem_that_says_what_was_meant(read, api_version, kind, meant):
    body = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}, "spec": {}}

    parsed = read(body)

    assert is_known(body)
    assert parsed.reference is None
    (problem,) = parsed.problems
    assert problem.code in {"unknown-kind", "unsupported-version"}
    assert meant in problem.message


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        ("apps/v1", "Deployment"),
        ("v1", "ConfigMap"),
        ("v1", "Namespace"),
        ("v1", "Endpoints"),
        ("v1", "EndpointsList"),
        ("v1", "Config"),
        ("batch/v1", "Job"),
        ("autoscaling/v2", "HorizontalPodAutoscaler"),
        ("networking.k8s.io/v1", "Ingress"),
        ("networking.k8s.io/v1", "NetworkPolicy"),
        ("networking.x-k8s.io/v1alpha1", "Gateway"),
        ("networking.gke.io/v1", "Gateway"),
        ("gateway.networking.k8s.io/v1", "Gateway"),
        ("gateway.networking.k8s.io/v1", "HTTPRoute"),
        ("gateway.solo.io/v1", "VirtualService"),
        ("appmesh.k8s.aws/v1beta2", "VirtualService"),
        ("serving.knative.dev/v1", "Service"),
        ("serving.kserve.io/v1beta1", "InferenceService"),
        ("cert-manager.io/v1", "Certificate"),
        ("security.istio.io/v1", "AuthorizationPolicy"),
        ("telemetry.istio.io/v1", "Telemetry"),
        ("extensions.istio.io/v1alpha1", "WasmPlugin"),
        ("install.istio.io/v1alpha1", "IstioOperator"),
        ("networking.istio.io/v1alpha3", "EnvoyFilter"),
        ("networking.istio.io/v1", "WorkloadGroupList"),
        ("kustomize.config.k8s.io/v1beta1", "Kustomization"),
        ("istio.alibabacloud.com/v1", "ASMSwimLane"),
        ("apps/v1", "DeploymentList"),
    ],
)
def test_a_kind_of_somebody_else_is_no_slip(api_version, kind):
    assert not is_known({"apiVersion": api_version, "kind": kind})


@pytest.mark.parametrize(
    ("api_version", "kind"), [("v1", "List"), ("v1", "ServiceList"), (ISTIO, "VirtualServiceList")]
)
@pytest.mark.parametrize("rest", [{"items": None}, {}, {"itmes": []}, {"items": {}}])
def test_a_list_without_a_list_is_a_problem(read, api_version, kind, rest):
    (problem,) = read({"apiVersion": api_version, "kind": kind, **rest}).problems

    assert (problem.code, problem.path) == ("wrong-type", "items")


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        {},
        {"nmae": "vs"},
        {"name": 7},
        {"name": ""},
        {"name": "VS"},
        {"name": "a\n"},
        {"name": "a" * 254},
        {"name": "vs", "namespace": 7},
        {"name": "vs", "namespace": 0},
        {"name": "vs", "namespace": "Shop"},
        {"name": "vs", "namespace": "a" * 64},
    ],
)
def test_a_name_that_no_object_can_have_is_no_identity(read, metadata):
    body = {"apiVersion": ISTIO, "kind": "DestinationRule", "spec": {"host": "a"}}
    body["metadata"] = metadata

    assert reference_of(body) is None
    assert read(body).reference is None
    assert read(body).problems


def test_a_problem_names_what_was_written_although_it_is_no_identity(read):
    body = {"apiVersion": ISTIO, "kind": "DestinationRule", "spec": {"host": "a"}}

    (problem,) = read(body | {"metadata": {"name": "VS"}}).problems

    assert problem.subject == "DestinationRule default/VS"


def test_texts_of_any_length_are_no_slip_and_take_no_time():
    assert not is_known({"apiVersion": "v1", "kind": "Service" * 100_000})


@pytest.mark.parametrize("name", ["x" * 300_000, "red\x1b[31m", "two\nlines"])
@pytest.mark.parametrize("part", ["name", "namespace", "kind", "apiVersion"])
def test_what_nobody_could_print_is_no_subject_of_a_problem(read, name, part):
    body: dict[str, object] = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}
    if part in body:
        body[part] = f"{name}/v1"
    else:
        body["metadata"] = {"name": "web", part: name}

    problems = read(body).problems

    assert problems
    assert all(len(each.subject) < 1000 and each.subject.isprintable() for each in problems)
    assert all(len(each.message) < 1000 and each.message.isprintable() for each in problems)
