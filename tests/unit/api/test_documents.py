"""What is no object of ours, or not one that can be told."""

from __future__ import annotations

import pytest

from straightway.api import is_known, reference_of
from straightway.documents import Reference

HEADLESS = {"clusterIP": "None"}
ISTIO = "networking.istio.io"
NAMED = {"metadata": {"name": "a", "namespace": "b"}}


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ([1], "not-a-mapping", "apiVersion, kind"),
        (None, "not-a-mapping", "apiVersion"),
        ("text", "not-a-mapping", "apiVersion"),
        ({"kind": "Service"}, "api-version-missing", "networking.istio.io/v1"),
        ({"apiVersion": 1, "kind": "Service"}, "api-version-missing", "apiVersion"),
        ({"apiVersion": "v1"}, "kind-missing", "VirtualService"),
        ({"apiVersion": "v1", "kind": "ConfigMap"}, "unknown-kind", "ConfigMap"),
        ({"apiVersion": f"{ISTIO}/v1", "kind": "VirtualServce"}, "unknown-kind", "VirtualService?"),
        ({"apiVersion": f"{ISTIO}/v2", "kind": "Gateway"}, "unsupported-version", "v1beta1"),
        ({"apiVersion": "v2", "kind": "Pod"}, "unsupported-version", "write v1"),
        ({"apiVersion": "v1", "kind": "Service", "spec": HEADLESS}, "missing-field", "metadata"),
        (
            {"apiVersion": "v1", "kind": "Service", "metadata": {}, "spec": HEADLESS},
            "missing-field",
            "name",
        ),
        (
            {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "A"}, "spec": HEADLESS},
            "invalid-name",
            "lowercase letters",
        ),
        (
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": "a", "namespace": "b.c"},
                "spec": HEADLESS,
            },
            "invalid-name",
            "namespace",
        ),
    ],
)
def test_what_cannot_be_told_is_said(read, body, code, words):
    parsed = read(body)

    assert [problem.code for problem in parsed.problems] == [code]
    assert words in parsed.problems[0].message
    assert parsed.object is None


@pytest.mark.parametrize("version", ["v1", "v1beta1", "v1alpha3"])
def test_every_version_of_istio_is_read(read, version):
    body = {"apiVersion": f"{ISTIO}/{version}", "kind": "DestinationRule", "spec": {"host": "a"}}

    assert read(body | NAMED).problems == ()


@pytest.mark.parametrize("version", ["v1", "v1beta1", "v9"])
def test_any_version_of_the_transcoder_is_read(read, version):
    body = {
        "apiVersion": f"istio.alibabacloud.com/{version}",
        "kind": "ASMGrpcJsonTranscoder",
        "spec": {
            "isGateway": True,
            "builtinProtoDescriptor": "KServe_Predict_V2",
            "workloadSelector": {"a": "b"},
        },
    }

    parsed = read(body | NAMED)

    assert parsed.problems == ()
    assert parsed.object.spec.service_names == ("inference.GRPCInferenceService",)
    assert parsed.object.spec.workload_selector == {"a": "b"}


TRANSCODER = "isGateway: true, builtinProtoDescriptor: kserve_predict_v2"


def test_a_transcoder_buffers_an_answer_of_64_mib_unless_told_otherwise(read_spec):
    spec = read_spec("ASMGrpcJsonTranscoder", f"{{{TRANSCODER}}}").object.spec

    assert spec.max_request_body_size == spec.max_response_body_size == 65 * 2**20
    sizes = "maxRequestBodySize: 1024, maxResponseBodySize: 4294967295"
    spec = read_spec("ASMGrpcJsonTranscoder", f"{{{TRANSCODER}, {sizes}}}").object.spec
    assert (spec.max_request_body_size, spec.max_response_body_size) == (1024, 2**32 - 1)


@pytest.mark.parametrize("field", ["maxRequestBodySize", "maxResponseBodySize"])
@pytest.mark.parametrize(
    ("size", "code"),
    [("0", "out-of-range"), ("4294967296", "out-of-range"), ("64Mi", "wrong-type")],
)
def test_a_size_is_a_number_of_bytes(read_spec, field, size, code):
    (problem,) = read_spec("ASMGrpcJsonTranscoder", f"{{{TRANSCODER}, {field}: {size}}}").problems

    assert (problem.code, problem.path) == (code, f"spec.{field}")


@pytest.mark.parametrize(
    ("api_version", "kind", "known"),
    [
        ("v1", "Service", True),
        ("v1", "Pod", True),
        ("discovery.k8s.io/v1", "EndpointSlice", True),
        (f"{ISTIO}/v1", "ServiceEntry", True),
        (f"{ISTIO}/v2", "ServiceEntry", True),
        (f"{ISTIO}/v1", "EnvoyFilter", False),
        ("serving.knative.dev/v1", "Service", False),
        ("gateway.networking.k8s.io/v1", "Gateway", False),
        ("v1", "ConfigMap", False),
    ],
)
def test_kinds_of_others_are_to_be_ignored(api_version, kind, known):
    assert is_known({"apiVersion": api_version, "kind": kind}) is known


@pytest.mark.parametrize("body", [None, [], {}, {"kind": "Service"}, {"apiVersion": "v1"}])
def test_what_has_no_kind_is_not_silently_ignored(body):
    assert is_known(body)


def test_identity_is_readable_although_the_rest_is_bad(read):
    body = {"apiVersion": f"{ISTIO}/v1", "kind": "Gateway", "spec": 5} | NAMED

    assert str(reference_of(body)) == "Gateway b/a"
    assert read(body).reference == Reference("networking.istio.io", "Gateway", "b", "a")
    assert read(body).problems[0].subject == "Gateway b/a"


def test_the_namespace_is_default_where_none_is_written(read):
    body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": HEADLESS}

    assert (
        read(body).object.reference
        == reference_of(body)
        == Reference("", "Service", "default", "a")
    )


@pytest.mark.parametrize(
    "body",
    [None, [], {}, {"kind": "A"}, {"kind": "A", "metadata": 1}, {"kind": "A", "metadata": {}}],
)
def test_what_has_no_name_has_no_identity(body):
    assert reference_of(body) is None


def test_status_and_unknown_metadata_are_ignored(read):
    body = {
        "apiVersion": f"{ISTIO}/v1",
        "kind": "DestinationRule",
        "metadata": {
            "name": "a",
            "labels": None,
            "managedFields": [{"a": 1}],
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "x": "y"},
        },
        "spec": {"host": "a"},
        "status": {"conditions": []},
    }

    parsed = read(body)

    assert parsed.problems == ()
    assert parsed.object.metadata.labels == {}
    assert parsed.object.metadata.annotations == {"x": "y"}


def test_a_field_at_the_top_that_belongs_below_is_said(read):
    body = {
        "apiVersion": f"{ISTIO}/v1",
        "kind": "DestinationRule",
        "spec": {"host": "a"},
        "labels": {},
    }

    (problem,) = read(body | NAMED).problems

    assert problem.code == "unknown-field"
    assert problem.path == "labels"
    assert "belongs in metadata" in problem.message


@pytest.mark.parametrize("kind", ["VirtualServce", "virtualservice", "Gatway", "DestinationRules"])
def test_a_mistyped_kind_is_not_ignored(kind):
    assert is_known({"apiVersion": f"{ISTIO}/v1", "kind": kind})


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        (f"{ISTIO}/v1", "WorkloadGroup"),
        (f"{ISTIO}/v1", "Sidecar"),
        (f"{ISTIO}/v1alpha3", "EnvoyFilter"),
        (f"{ISTIO}/v1beta1", "ProxyConfig"),
        ("v1", "Endpoints"),
        ("v1", "ServiceAccount"),
        ("v1", "PodTemplate"),
        ("serving.knative.dev/v1", "Service"),
        ("gateway.networking.k8s.io/v1", "Gateway"),
    ],
)
def test_a_kind_of_its_own_is_ignored(api_version, kind):
    assert not is_known({"apiVersion": api_version, "kind": kind})
