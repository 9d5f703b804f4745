"""Clusters whose CRDs do not know the fields of dynamic subsets, as Istio's do not."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from straightway.api import DestinationRule, Parsed, VirtualService, parse
from straightway.api.annotations import DYNAMIC_SUBSET, DYNAMIC_SUBSET_KEYS
from straightway.documents import Document, Origin
from straightway.kubernetes.resources import RESOURCES
from straightway.schemas import definitions
from tests.support.kube import KubeServer
from tests.support.kube_binaries import need, program
from tests.support.kube_client import KubeError

Json = dict[str, Any]

CONFIG = Path(__file__).parents[2] / "demo/config"
OURS = definitions()
_EXTENSION = ("dynamicSubset", "headerToDynamicSubsetKey")


def without_extension(schema: Any) -> Any:
    """Return a CRD, or part of one, that does not know the fields: Istio's have none of them."""
    if isinstance(schema, list):
        return [
            without_extension(each)
            for each in schema
            if not (isinstance(each, dict) and _EXTENSION[0] in str(each.get("rule")))
        ]
    if isinstance(schema, dict):
        return {
            key: without_extension(each) for key, each in schema.items() if key not in _EXTENSION
        }
    return schema


ISTIOS = [without_extension(each) for each in OURS]


class Anywhere(Origin):
    def at(self, path: tuple[str | int, ...] = ()) -> str:
        return "cluster"


def tutorial(name: str) -> Json:
    body: Json = yaml.safe_load((CONFIG / f"{name}.yaml").read_text())
    body["metadata"]["namespace"] = "default"
    return body


def without_fields(body: Json) -> Json:
    """Return the rule or routes with the extension as an annotation."""
    body = yaml.safe_load(yaml.safe_dump(body))
    if body["kind"] == "DestinationRule":
        name, value = (
            DYNAMIC_SUBSET,
            body["spec"].pop("trafficPolicy")["loadBalancer"][_EXTENSION[0]],
        )
    else:
        name, value = DYNAMIC_SUBSET_KEYS, body["spec"]["http"][0].pop(_EXTENSION[1])
    body["metadata"]["annotations"] = {name: yaml.safe_dump(value)}
    return body


def read(server: KubeServer, body: Json) -> Parsed:
    """Parse an object as the source reads it from the cluster."""
    return parse(Document(kept(server, body), Anywhere()))


def kept(server: KubeServer, body: Json) -> Json:
    """Return what the source keeps of an object."""
    raw = server.read(body)
    [resource] = [each for each in RESOURCES if each.kind == body["kind"]]
    made = resource.decode(json.dumps(raw).encode())
    del made["metadata"]["resourceVersion"]
    return {**made, "apiVersion": raw["apiVersion"], "kind": raw["kind"]}


def codes(parsed: Parsed) -> list[tuple[str, str]]:
    return [(problem.code, problem.path) for problem in parsed.problems]


def spec_of(parsed: Parsed) -> object:
    assert isinstance(parsed.object, DestinationRule | VirtualService)
    return parsed.object.spec


BALANCER = "spec.trafficPolicy.loadBalancer.dynamicSubset"
KEYS = "spec.http[0].headerToDynamicSubsetKey"


@pytest.fixture
def server(own_kube: KubeServer) -> KubeServer:
    """An API server with CRDs like those of Istio."""
    own_kube.install_crds(ISTIOS)
    return own_kube


def kubectl(server: KubeServer, body: Json, *options: str) -> None:
    subprocess.run(
        [program("kubectl"), "--kubeconfig", str(server.kubeconfig()), *options, "-f", "-"],
        input=yaml.safe_dump(body),
        text=True,
        check=True,
        capture_output=True,
    )


def test_what_was_pruned_is_found_and_mended(server):
    need("kubectl")
    rule, routes = tutorial("destination-rule"), tutorial("virtual-service")

    # By default, kubectl asks for strict validation.
    for body in (rule, routes):
        with pytest.raises(KubeError, match="unknown field"):
            server.create(body)
        kubectl(server, body, "apply", "--validate=ignore")
    assert codes(read(server, rule)) == [("field-pruned", BALANCER)]
    assert codes(read(server, routes)) == [("field-pruned", KEYS)]

    server.install_crds(OURS)
    for body in (rule, routes):
        kubectl(server, body, "apply")
        assert read(server, body).problems == ()
        assert server.read(body)["spec"] == body["spec"]

    # An upgrade of Istio brings its CRDs back. The fields are dropped from what is read, at once.
    server.install_crds(ISTIOS)
    assert codes(read(server, rule)) == [("field-pruned", BALANCER)]
    assert codes(read(server, routes)) == [("field-pruned", KEYS)]


def test_an_emptied_load_balancer_is_found_without_kubectls_copy(server):
    rule = tutorial("destination-rule")
    server.create(rule, validation="Ignore")

    assert server.read(rule)["spec"]["trafficPolicy"] == {"loadBalancer": {}}
    assert codes(read(server, rule)) == [("field-pruned", BALANCER)]


def test_a_field_manager_that_owns_the_field_is_found(server):
    rule = tutorial("destination-rule")
    rule["spec"]["trafficPolicy"]["loadBalancer"]["simple"] = "RANDOM"
    server.install_crds(OURS)
    server.apply(rule)

    server.install_crds(ISTIOS)

    assert server.read(rule)["spec"]["trafficPolicy"] == {"loadBalancer": {"simple": "RANDOM"}}
    assert codes(read(server, rule)) == [("field-pruned", BALANCER)]


def test_a_status_that_is_written_changes_nothing_that_is_kept(server):
    rule = tutorial("destination-rule")
    server.install_crds(OURS)
    (stored,) = server.apply(rule)
    before = kept(server, rule)

    server.set_status(stored, {"conditions": [{"type": "Accepted", "status": "True"}]})

    assert server.read(rule)["status"]
    assert kept(server, rule) == before


def test_annotations_say_the_same_with_strict_validation(server):
    for name in ("destination-rule", "virtual-service"):
        body = tutorial(name)
        server.create(without_fields(body))

        parsed = read(server, body)

        assert parsed.problems == ()
        assert spec_of(parsed) == spec_of(parse(Document(body, Anywhere())))
