"""What the control plane's service account may do: what the chart says, and nothing else."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from straightway.kubernetes.resources import RESOURCES
from tests.support.charts import CONTROL_PLANE, GATEWAY, grant, of_kinds, only, render
from tests.support.kube import KubeServer
from tests.support.kube_client import APPLY_PATCH, Json, KubeError
from tests.support.waiting import eventually

DOCUMENT = Path(__file__).parents[2] / "docs" / "kubernetes.md"

VALUES: dict[str, Json] = {
    "always": {"writeStatus": False, "tls": {"selfMade": False}, "xds": {"tokenAudience": ""}},
    "`writeStatus`": {"writeStatus": True},
    "`tls.selfMade`": {"tls": {"selfMade": True}},
    "`xds.tokenAudience`": {"xds": {"tokenAudience": "straightway"}},
    "`webhooks.validation`": {"webhooks": {"validation": {"enabled": True}}},
    "`webhooks.injection`": {"webhooks": {"injection": {"enabled": True}}},
    "`gatewaySecrets.namespaces`": {"gatewaySecrets": {"namespaces": ["gateways"]}},
    "`gatewaySecrets.cluster`": {"gatewaySecrets": {"cluster": True}},
}
"""What turns a row of the document's table on."""

_numbers = itertools.count(1)


class Right(NamedTuple):
    """One verb on one resource; `name` is "*" for objects of any name."""

    where: str
    group: str
    resource: str
    verb: str
    name: str


def rights(rules: Iterable[Json], where: str) -> Iterator[Right]:
    for rule in rules:
        assert set(rule) <= {"apiGroups", "resources", "resourceNames", "verbs"}
        for group, resource, verb, name in itertools.product(
            rule["apiGroups"], rule["resources"], rule["verbs"], rule.get("resourceNames", ["*"])
        ):
            yield Right(where, group, resource, verb, name)


def granted(values: Json) -> set[Right]:
    """The rights in a rendered chart, for the namespaces in which the document has them."""
    objects = render(CONTROL_PLANE, values, namespace="straightway-system")
    places = {"straightway-system": "own", "gateways": "gateways"}
    return {
        right
        for item in of_kinds(objects, "ClusterRole", "Role")
        for right in rights(
            item["rules"], places.get(item["metadata"].get("namespace", ""), "everywhere")
        )
    }


def merged(*values: Json) -> Json:
    result: Json = {}
    for each in values:
        for name, value in each.items():
            is_nested = isinstance(value, dict) and name in result
            result[name] = merged(result[name], value) if is_nested else value
    return result


def documented() -> Iterator[tuple[str, Right]]:
    """The rows of the table in `docs/kubernetes.md`: when it is granted, and what."""
    text = DOCUMENT.read_text().partition("## Permissions")[2].partition("\n## ")[0]
    places = {"everywhere": "everywhere", "cluster": "everywhere", "own namespace": "own"}
    for line in re.findall(r"^\| `.*\|$", text, re.MULTILINE):
        resources, verbs, names, where, when, _ = [cell.strip() for cell in line[1:-1].split("|")]
        for resource, verb in itertools.product(codes(resources), verbs.split(", ")):
            plural, _, group = resource.partition(".")
            if "/" in group:  # gateways.networking.istio.io/status
                group, _, part = group.partition("/")
                plural = f"{plural}/{part}"
            place = places.get(where, "gateways")
            for name in codes(names) or ["*"]:
                yield when, Right(place, group, plural, verb, name)


def codes(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


@pytest.mark.parametrize("when", VALUES)
def test_the_table_of_the_document_says_what_the_chart_grants(when: str) -> None:
    off = merged(VALUES["always"], {"xds": {"anonymous": True}})
    values = off if when == "always" else merged(off, VALUES[when])

    assert granted(values) == {right for at, right in documented() if at in ("always", when)}


def test_the_table_has_no_other_conditions() -> None:
    assert {when for when, _ in documented()} == set(VALUES)


def test_it_may_read_every_kind_that_is_followed() -> None:
    objects = render(CONTROL_PLANE)
    allowed = set(rights(only(objects, "ClusterRole")["rules"], "everywhere"))

    for resource, verb in itertools.product(RESOURCES, ("list", "watch")):
        assert Right("everywhere", resource.group, resource.plural, verb, "*") in allowed


def test_it_may_not_do_anything_to_everything() -> None:
    everything = merged(*(value for when, value in VALUES.items() if when != "always"))

    for right in granted(everything):
        assert "*" not in (right.group, right.resource, right.verb)
        assert right.verb in {"get", "list", "watch", "create", "patch", "update"}
        if right.verb not in {"get", "list", "watch", "create"}:
            is_status = right.resource.endswith("/status") or right.resource == "events"
            assert is_status or right.name != "*", right


def test_the_webhook_configurations_that_it_may_change_are_the_charts() -> None:
    values = merged(VALUES["`webhooks.validation`"], VALUES["`webhooks.injection`"])
    objects = render(CONTROL_PLANE, values, namespace="elsewhere")

    named = {
        name
        for rule in only(objects, "ClusterRole")["rules"]
        if rule["apiGroups"] == ["admissionregistration.k8s.io"]
        for name in rule["resourceNames"]
    }
    kinds = ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")
    assert named == {item["metadata"]["name"] for item in of_kinds(objects, *kinds)}


# With a real API server.


@pytest.fixture
def namespaces(kube: KubeServer) -> Sequence[str]:
    """The release's namespace, one that it reads, and another."""
    names = [f"rights-{next(_numbers)}" for _ in range(3)]
    for name in names:
        kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    return names


def applies(kube: KubeServer, item: Json, token: str) -> bool:
    """Whether a user may make an object, or change it, by server-side apply."""
    return allowed(kube, "PATCH", kube.path_of(item), token, item, APPLY_PATCH)


def allowed(
    kube: KubeServer,
    method: str,
    path: str,
    token: str,
    body: Any = None,
    content_type: str = "application/json",
) -> bool:
    query = {"fieldManager": "straightway", "force": "true"} if method == "PATCH" else None
    try:
        kube.request(method, path, body, query=query, content_type=content_type, token=token)
    except KubeError as error:
        if error.status != 403:
            raise
        return False
    return True


def item(version: str, kind: str, namespace: str, name: str, **fields: Any) -> Json:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **fields}


def test_an_account_with_the_charts_rights_reads_the_cluster_but_no_secrets(
    kube: KubeServer, namespaces: Sequence[str]
) -> None:
    own, other, _ = namespaces
    token = grant(kube, render(CONTROL_PLANE, namespace=own))

    eventually(lambda: kube.allows("GET", "/api/v1/services", token=token))
    assert kube.allows("GET", "/apis/discovery.k8s.io/v1/endpointslices", token=token)
    assert kube.allows("GET", "/api/v1/namespaces", token=token)
    for path in (
        "/api/v1/secrets",
        f"/api/v1/namespaces/{other}/secrets",
        f"/api/v1/namespaces/{own}/secrets",
        "/api/v1/configmaps",
        "/api/v1/nodes",
    ):
        assert not kube.allows("GET", path, token=token), path


def test_it_makes_and_changes_objects_of_its_own_names_alone(
    kube: KubeServer, namespaces: Sequence[str]
) -> None:
    own, other, _ = namespaces
    token = grant(kube, render(CONTROL_PLANE, namespace=own))
    eventually(lambda: kube.allows("GET", "/api/v1/services", token=token))

    # An apply that creates is asked about with its name, so `create` can be limited to a name.
    for text in ("first", "second"):
        ours = item("v1", "ConfigMap", other, "straightway-ca", data={"ca.crt": text})
        assert applies(kube, ours, token)
        tls = item("v1", "Secret", own, "straightway-tls", stringData={"tls.key": text})
        assert applies(kube, tls, token)
    assert not applies(kube, item("v1", "ConfigMap", other, "others"), token)
    assert not applies(kube, item("v1", "Secret", own, "others"), token)
    assert not applies(kube, item("v1", "Secret", other, "straightway-tls"), token)


def test_it_only_reads_a_certificate_that_something_else_keeps(
    kube: KubeServer, namespaces: Sequence[str]
) -> None:
    own, _, _ = namespaces
    values = {"tls": {"selfMade": False, "secretName": "given"}}
    token = grant(kube, render(CONTROL_PLANE, values, namespace=own))
    given = item("v1", "Secret", own, "given", stringData={"tls.key": "any"})
    kube.apply(given)

    eventually(lambda: kube.allows("GET", kube.path_of(given), token=token))
    assert not applies(kube, given, token)


def test_it_keeps_its_lease(kube: KubeServer, namespaces: Sequence[str]) -> None:
    own, other, _ = namespaces
    token = grant(kube, render(CONTROL_PLANE, namespace=own))
    eventually(lambda: kube.allows("GET", "/api/v1/services", token=token))
    version = "coordination.k8s.io/v1"
    lease = item(version, "Lease", own, "straightway-leader", spec={"holderIdentity": "one"})
    collection = kube.path_of(lease).rpartition("/")[0]

    assert allowed(kube, "POST", collection, token, lease)
    stored = kube.request("GET", kube.path_of(lease), token=token)
    assert allowed(kube, "PUT", kube.path_of(lease), token, stored)
    assert not allowed(kube, "POST", collection.replace(own, other), token, lease)


def test_with_namespaces_its_rights_end_at_them(
    kube: KubeServer, namespaces: Sequence[str]
) -> None:
    own, read, other = namespaces
    token = grant(kube, render(CONTROL_PLANE, {"namespaces": [read]}, namespace=own))

    eventually(lambda: kube.allows("GET", f"/api/v1/namespaces/{read}/services", token=token))
    for path in ("/api/v1/services", f"/api/v1/namespaces/{other}/services"):
        assert not kube.allows("GET", path, token=token), path


def test_a_gateways_release_lets_it_read_the_named_secrets(
    kube: KubeServer, namespaces: Sequence[str]
) -> None:
    own, gateways, _ = namespaces
    token = grant(kube, render(CONTROL_PLANE, namespace=own))
    values = {
        "credentials": {"secretNames": ["models-tls"]},
        "controlPlane": {"serviceAccount": {"namespace": own}},
    }
    kube.apply(*of_kinds(render(GATEWAY, values, namespace=gateways), "Role", "RoleBinding"))
    secrets = f"/api/v1/namespaces/{gateways}/secrets"
    named = f"{secrets}?fieldSelector=metadata.name%3Dmodels-tls"

    eventually(lambda: kube.allows("GET", named, token=token))
    assert not kube.allows("GET", secrets, token=token)
    assert not kube.allows("GET", f"{secrets}/others", token=token)
