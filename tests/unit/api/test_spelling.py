"""Misspelt fields where most fields are not read: Kubernetes' kinds, and all metadata."""

from __future__ import annotations

import pytest

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop, labels: {a: b}, annotations: {c: d}}
spec:
  type: ClusterIP
  selector: {app: web}
  ports:
  - {name: http, port: 80, targetPort: 8080, protocol: TCP, appProtocol: http}
"""
ENTRY = """
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: one, namespace: shop, labels: {model: a}, annotations: {b: c}}
spec: {address: 10.0.0.1}
"""


@pytest.mark.parametrize(
    ("text", "field", "written", "path"),
    [
        (SERVICE, "ports", "prots", "spec.prots"),
        (SERVICE, "selector", "Selector", "spec.Selector"),
        (SERVICE, "targetPort", "targetport", "spec.ports[0].targetport"),
        (SERVICE, "appProtocol", "app_protocol", "spec.ports[0].app_protocol"),
        (SERVICE, "spec", "sepc", "sepc"),
        (SERVICE, "labels", "lables", "metadata.lables"),
        (ENTRY, "labels", "lables", "metadata.lables"),
        (ENTRY, "annotations", "annotation", "metadata.annotation"),
    ],
)
def test_a_misspelt_field_is_an_error_that_names_the_one_that_was_meant(
    read, text, field, written, path
):
    assert read(text).problems == ()

    parsed = read(text.replace(f"{field}:", f"{written}:"))

    assert parsed.object is None
    assert str(parsed.reference).endswith(" shop/web" if text is SERVICE else " shop/one")
    found = {problem.path: problem for problem in parsed.problems}
    assert found[path].code == "unknown-field"
    assert found[path].message == f"There is no field {written} here: did you mean {field}?"


def test_all_of_them_are_reported_together_with_whatever_else_is_wrong(read):
    text = SERVICE.replace("selector", "selecter").replace("targetPort", "targetport")

    parsed = read(text.replace("type: ClusterIP", "type: 7"))

    assert {problem.path for problem in parsed.problems} == {
        "spec.selecter",
        "spec.ports[0].targetport",
        "spec.type",
    }


@pytest.mark.parametrize("written", ["namespcae", "nameSpace", "name_space"])
def test_a_misspelt_namespace_leaves_open_which_object_it_is(read, written):
    """It is none of the namespace `default`."""
    text = ENTRY.replace("namespace:", f"{written}:")

    parsed = read(text)

    assert parsed.reference is None
    (problem,) = parsed.problems
    assert (problem.code, problem.subject) == ("unknown-field", "")


def test_fields_of_kubernetes_that_are_not_read_pass_and_so_do_those_of_tomorrow(read):
    text = """
    apiVersion: v1
    kind: Service
    metadata:
      name: web
      uid: 4cf1
      generateName: we
      managedFields: [{manager: kubectl}]
      ownerReferences: []
      retentionClass: gold
    spec:
      clusterIPs: [10.0.0.1]
      externalTrafficPolicy: Local
      ipFamilyPolicy: SingleStack
      quantumEntanglement: true
      ports: [{port: 80, nodePort: 30080, weightClass: 7}]
    status: {loadBalancer: {}}
    moreOfIt: 1
    """

    assert read(text).problems == ()


@pytest.mark.parametrize(
    ("spec", "is_whole"),
    [
        ("{selector: {app: web}}", False),
        ("{ports: []}", False),
        ("{clusterIP: None}", True),
        ("{type: ExternalName, externalName: a.com}", True),
    ],
)
def test_a_service_needs_ports_unless_it_is_headless(read, spec, is_whole):
    parsed = read(f"{{apiVersion: v1, kind: Service, metadata: {{name: web}}, spec: {spec}}}")

    codes = [(problem.path, problem.code) for problem in parsed.problems]
    assert codes == ([] if is_whole else [("spec.ports", "missing-field")])


def test_a_name_that_is_misspelt_beside_a_right_one_changes_nothing(read):
    text = ENTRY.replace("namespace: shop", "namespace: shop, namespaces: other")

    assert read(text).problems == ()
    assert read(text).object.metadata.namespace == "shop"
