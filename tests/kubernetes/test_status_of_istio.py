"""Istio's own CRDs take our status: generations as text, and one list for all conditions."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from straightway.schemas import definitions
from tests.support.cluster_control_plane import ClusterControlPlane
from tests.support.kube import KubeServer
from tests.support.objects import route_to, virtual_service
from tests.support.waiting import eventually

Json = dict[str, Any]
TEXT = {"type": "string"}
INT_OR_TEXT = {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, TEXT]}
NUMBER = {"type": "integer"}


def like_istios(generation: Json, *, keeps_unknown: bool) -> list[Json]:
    """Return our CRDs with the status of Istio's.

    https://github.com/istio/api, ``istio.meta.v1alpha1.IstioStatus``: as in its CRDs, conditions
    are a plain list.
    """
    texts = ("type", "status", "reason", "message", "lastProbeTime", "lastTransitionTime")
    condition = {
        "type": "object",
        "properties": {**dict.fromkeys(texts, TEXT), "observedGeneration": generation},
    }
    message_type = {"type": "object", "properties": {"name": TEXT, "code": TEXT}}
    levels = {"type": "string", "enum": ["UNKNOWN", "ERROR", "WARNING", "INFO"]}
    message = {
        "type": "object",
        "properties": {"type": message_type, "level": levels, "documentationUrl": TEXT},
    }
    status: Json = {
        "type": "object",
        "properties": {
            "conditions": {"type": "array", "items": condition},
            "observedGeneration": generation,
            "validationMessages": {"type": "array", "items": message},
        },
    }
    if keeps_unknown:
        status["x-kubernetes-preserve-unknown-fields"] = True
    changed: list[Json] = copy.deepcopy(list(definitions()))
    for definition in changed:
        for version in definition["spec"]["versions"]:
            schema = version["schema"]["openAPIV3Schema"]
            schema["properties"]["status"] = status
    return changed


def conditions(kube: KubeServer, item: Json) -> dict[str, Json]:
    found = kube.read(item).get("status", {}).get("conditions", [])
    return {each["type"]: each for each in found}


@pytest.mark.parametrize(
    ("generation", "keeps_unknown", "written"),
    [(INT_OR_TEXT, True, "1"), (TEXT, True, "1"), (NUMBER, False, 1)],
    ids=["of today", "with text", "with numbers"],
)
def test_a_status_is_written_in_the_form_that_the_schema_takes(
    own_kube: KubeServer, tmp_path: Path, generation: Json, keeps_unknown: bool, written: object
) -> None:
    own_kube.install_crds(like_istios(generation, keeps_unknown=keeps_unknown))
    routes = virtual_service("routes", "default", [route_to("nowhere")])
    own_kube.apply(routes)
    plane = ClusterControlPlane(own_kube, "default", tmp_path)
    try:
        plane.start()
        eventually(lambda: "Accepted" in conditions(own_kube, routes), what="a status")
        status = own_kube.read(routes)["status"]
        assert status["observedGeneration"] == written
        assert {each["observedGeneration"] for each in status["conditions"]} == {written}
        assert status["validationMessages"][0]["level"] == "WARNING"

        # Another controller's condition is in the same list, and stays there.
        theirs = [*status["conditions"], {"type": "Reconciled", "status": "True"}]
        own_kube.set_status(routes, {"conditions": theirs})
        own_kube.apply(virtual_service("routes", "default", [route_to("elsewhere")]))

        def is_news() -> bool:
            return str(conditions(own_kube, routes)["Accepted"]["observedGeneration"]) == "2"

        eventually(is_news, what="the new status")
        assert conditions(own_kube, routes)["Reconciled"]["status"] == "True"
    finally:
        plane.close()
