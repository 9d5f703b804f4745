"""The CRDs at a real API server: accepted, and they keep and refuse what they should."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from straightway.api import parse
from straightway.documents import Document, Origin
from straightway.schemas import RESOURCES, definition, definitions, to_yaml
from tests.support.kube import KubeServer
from tests.support.kube_binaries import need, program
from tests.support.kube_client import CRDS, KubeError
from tests.support.schemas import objects_of_the_project, specs_of_other_tests
from tests.support.waiting import eventually

Json = dict[str, Any]

OBJECTS = objects_of_the_project()
SPECS = specs_of_other_tests()
NETWORKING = "networking.istio.io/v1"
REFUSAL = "refused"


@pytest.fixture(scope="module")
def server(kube: KubeServer) -> KubeServer:
    """The API server, with our CRDs."""
    kube.install_crds(definitions())
    return kube


class Anywhere(Origin):
    def at(self, path: tuple[str | int, ...] = ()) -> str:
        return "file.yaml"


def stored(server: KubeServer, body: Json) -> Json:
    """Return an object as it would be stored; it is not."""
    item = {**body, "metadata": {"name": "trial", "namespace": "default"}}
    path = server.path_of(item).rpartition("/")[0]
    answer: Json = server.request(
        "POST", path, item, query={"fieldValidation": "Strict", "dryRun": "All"}
    )
    return answer


def spec_as_stored(server: KubeServer, body: Json) -> Any:
    """Return the spec as it would be stored, or REFUSAL."""
    try:
        return stored(server, body)["spec"]
    except KubeError as error:
        if error.status in (400, 422):
            return REFUSAL
        raise


def without_null(value: Any) -> Any:
    """Return a value without the fields that have none: an API server drops them."""
    if isinstance(value, dict):
        return {key: without_null(each) for key, each in value.items() if each is not None}
    return [without_null(each) for each in value] if isinstance(value, list) else value


def item(kind: str, name: str, namespace: str, spec: Json) -> Json:
    return {
        "apiVersion": NETWORKING,
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


RULE = {
    "host": "models",
    "trafficPolicy": {
        "loadBalancer": {
            "dynamicSubset": {
                "subsetSelectors": [{"keys": ["model"], "fallbackPolicy": "ANY_ENDPOINT"}]
            }
        }
    },
}


@pytest.mark.parametrize("key", list(RESOURCES), ids=lambda key: key[1])
def test_a_crd_is_accepted_without_a_complaint(server, key):
    crd = definition(*key)

    server.apply(crd, dry_run=True)
    found = server.read(crd)
    conditions = {each["type"]: each["status"] for each in found["status"]["conditions"]}

    assert conditions == {"NamesAccepted": "True", "Established": "True"}
    assert found["status"]["storedVersions"] == [crd["spec"]["versions"][0]["name"]]
    assert found["spec"]["versions"] == crd["spec"]["versions"]


@pytest.mark.parametrize("body", [body for _, body in OBJECTS], ids=[name for name, _ in OBJECTS])
def test_an_object_is_kept_as_it_is_or_refused(server, body):
    accepted = parse(Document(body, Anywhere())).object is not None

    spec = spec_as_stored(server, body)

    assert spec == body["spec"] if accepted else spec in (REFUSAL, without_null(body["spec"]))


@pytest.mark.parametrize("body", [body for _, body in SPECS], ids=[name for name, _ in SPECS])
def test_a_spec_of_the_unit_tests_is_kept_as_it_is_or_refused(server, body):
    accepted = parse(Document(body, Anywhere())).object is not None

    spec = spec_as_stored(server, body)

    assert spec == body["spec"] if accepted else spec in (REFUSAL, without_null(body["spec"]))


def lb(**fields: Any) -> Json:
    return {"host": "a", "trafficPolicy": {"loadBalancer": fields}}


def route(**fields: Any) -> Json:
    return {"hosts": ["a"], "http": [fields]}


TO_A = [{"destination": {"host": "a"}}]
PORTS = [{"number": 80, "name": "http"}]
REFUSED = [
    ("DestinationRule", lb(dynamicSubset={}), "Without selectors there are no subsets"),
    ("DestinationRule", lb(dynamicSubset={"subsetSelectors": [{}]}), "at least one endpoint label"),
    (
        "DestinationRule",
        lb(
            dynamicSubset={"subsetSelectors": [{"keys": ["m"], "fallbackPolicy": "DEFAULT_SUBSET"}]}
        ),
        "write defaultSubset beside",
    ),
    (
        "DestinationRule",
        lb(dynamicSubset={"subsetSelectors": [{"keys": ["m"], "fallbackPolicy": "SOMETIMES"}]}),
        "ANY_ENDPOINT",
    ),
    ("DestinationRule", lb(dynamicSubsets={}), "unknown field"),
    (
        "DestinationRule",
        lb(simple="RANDOM", consistentHash={"useSourceIp": True}),
        "either simple or consistentHash",
    ),
    ("DestinationRule", lb(consistentHash={"useSourceIp": False}), "Say what to hash"),
    (
        "DestinationRule",
        {"host": "a", "trafficPolicy": {"outlierDetection": {"interval": "0s"}}},
        "at least 1ms",
    ),
    ("VirtualService", route(name="a"), "write route, redirect or directResponse"),
    ("VirtualService", route(route=TO_A, directResponse={"status": 200}), "one thing"),
    ("VirtualService", route(redirect={"uri": "/"}, rewrite={"uri": "/"}), "redirect.uri"),
    ("VirtualService", route(route=TO_A, timeout="5"), "timeout"),
    ("VirtualService", route(route=TO_A, match=[{"uri": {"exact": "/", "prefix": "/"}}]), "uri"),
    (
        "VirtualService",
        route(route=TO_A, headerToDynamicSubsetKey=[{"header": "a b", "key": "c"}]),
        "headerToDynamicSubsetKey[0].header",
    ),
    ("ServiceEntry", {"hosts": ["a"], "ports": []}, "at least one port"),
    ("ServiceEntry", {"hosts": ["*"], "ports": PORTS}, "cannot have the host *"),
    ("ServiceEntry", {"hosts": ["a"], "ports": [*PORTS, *PORTS]}, "Duplicate value"),
    (
        "ServiceEntry",
        {"hosts": ["a"], "ports": [*PORTS, {"number": 80, "name": "b"}]},
        "the same number",
    ),
    (
        "ServiceEntry",
        {"hosts": ["a"], "ports": PORTS, "endpoints": [{"address": "10.0.0.1"}]},
        "With resolution NONE",
    ),
    ("WorkloadEntry", {"address": "10.0.0.1", "ports": {"http": 70000}}, "65535"),
    ("Gateway", {"servers": []}, "servers"),
]


@pytest.mark.parametrize(("kind", "spec", "words"), REFUSED)
def test_a_bad_object_is_refused_in_words(server, kind, spec, words):
    with pytest.raises(KubeError) as refusal:
        stored(server, item(kind, "trial", "default", spec))

    assert refusal.value.status in (400, 422)
    assert words in refusal.value.message


def test_all_versions_show_the_same_object(server, namespace):
    (rule,) = server.apply(item("DestinationRule", "models", namespace, RULE))

    for version in ("v1beta1", "v1alpha3"):
        found = server.read({**rule, "apiVersion": f"networking.istio.io/{version}"})
        assert found["spec"] == RULE


def test_a_status_holds_what_istio_and_we_write(server, namespace):
    (rule,) = server.apply(item("DestinationRule", "models", namespace, RULE))
    status = {
        "observedGeneration": "1",
        "conditions": [{"type": "Accepted", "status": "True", "observedGeneration": 1}],
        "validationMessages": [{"type": {"code": "IST0101"}, "level": "ERROR", "args": {"a": 1}}],
        "more": {"kept": True},
    }

    assert server.set_status(rule, status)["status"] == status
    assert server.read(rule)["metadata"]["generation"] == 1


def test_two_controllers_own_their_own_conditions(server, namespace):
    (rule,) = server.apply(item("DestinationRule", "models", namespace, RULE))
    identity = {key: rule[key] for key in ("apiVersion", "kind")}
    for manager, condition in (("istio", "Reconciled"), ("straightway", "Accepted")):
        server.request(
            "PATCH",
            f"{server.path_of(rule)}/status",
            {
                **identity,
                "metadata": {"name": "models", "namespace": namespace},
                "status": {"conditions": [{"type": condition, "status": "True"}]},
            },
            query={"fieldManager": manager},
            content_type="application/apply-patch+yaml",
        )

    types = {each["type"] for each in server.read(rule)["status"]["conditions"]}
    assert types == {"Reconciled", "Accepted"}


def test_kubectl_shows_what_matters(server, namespace):
    need("kubectl")
    (rule,) = server.apply(item("DestinationRule", "models", namespace, RULE))
    states = {"Accepted": "True", "ResolvedRefs": "True", "Programmed": "False"}
    conditions = [{"type": name, "status": status} for name, status in states.items()]
    server.set_status(rule, {"conditions": conditions})
    command = [program("kubectl"), "--kubeconfig", str(server.kubeconfig(namespace=namespace))]

    table = subprocess.check_output([*command, "get", "dr"], text=True).splitlines()

    assert table[0].split() == ["NAME", "HOST", "ACCEPTED", "PROGRAMMED", "AGE"]
    assert table[1].split()[:4] == ["models", "models", "True", "False"]


def test_kubectl_shows_the_address_of_a_gateway(server, namespace):
    need("kubectl")
    port = {"number": 80, "name": "http", "protocol": "HTTP"}
    spec = {"servers": [{"port": port, "hosts": ["*"]}]}
    (gateway,) = server.apply(item("Gateway", "public", namespace, spec))
    command = [program("kubectl"), "--kubeconfig", str(server.kubeconfig(namespace=namespace))]

    before = subprocess.check_output([*command, "get", "gw", "--no-headers"], text=True)
    addresses = [{"type": "IPAddress", "value": "192.0.2.1"}]
    server.set_status(gateway, {"addresses": addresses})
    after = subprocess.check_output([*command, "get", "gw", "--no-headers"], text=True)

    assert before.split()[0] == "public"
    assert "192.0.2.1" not in before
    assert after.split()[:2] == ["public", "192.0.2.1"]


def test_kubectl_explains_the_fields(server):
    need("kubectl")
    field = "dr.spec.trafficPolicy.loadBalancer.dynamicSubset.subsetSelectors"
    command = [program("kubectl"), "--kubeconfig", str(server.kubeconfig()), "explain", field]

    # What the API server says of a new kind is there a moment after the kind itself.
    explained = eventually(lambda: _output(command))

    assert "fallbackPolicy" in explained
    assert "Each divides the endpoints by its keys" in explained


def _output(command: list[str]) -> str:
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return ended.stdout if ended.returncode == 0 else ""


def test_kubectl_applies_the_crds_and_the_tutorial(own_kube):
    need("kubectl")
    config = own_kube.kubeconfig()
    command = [program("kubectl"), "--kubeconfig", str(config), "apply", "--validate=strict"]
    subprocess.run(
        [*command, "--server-side", "-f", "-"], input=to_yaml(definitions()), text=True, check=True
    )
    own_kube.install_crds(definitions())
    for name in ("modelmesh-serving", "default"):
        metadata = {"name": name}
        own_kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})

    subprocess.run([*command, "-f", "demo/config"], check=True, capture_output=True)

    for name, body in OBJECTS:
        if name.startswith("demo/config/"):
            assert own_kube.read(body)["spec"] == body["spec"]
    assert own_kube.request("GET", CRDS)["items"]
