"""AdmissionReviews as the API server sends them, and what an answer says."""

from __future__ import annotations

import base64
import copy
import json
from typing import Any

from straightway.webhooks.admission import Request, request_of

Json = dict[str, Any]


def review(
    item: Json | None,
    before: Json | None = None,
    *,
    operation: str = "",
    namespace: str = "default",
    **more: Any,
) -> Json:
    """Return a review of an object: a creation or, with one before, an update."""
    body = item or before or {}
    group, _, version = body.get("apiVersion", "v1").rpartition("/")
    return {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "0a4c7f4e-0000-4000-8000-000000000001",
            "kind": {"group": group, "version": version, "kind": body.get("kind", "")},
            "namespace": namespace,
            "operation": operation or ("UPDATE" if before else "CREATE"),
            "userInfo": {"username": "admin", "groups": ["system:masters"]},
            "object": item,
            "oldObject": before,
            "dryRun": False,
            "options": {"apiVersion": "meta.k8s.io/v1", "kind": "CreateOptions"},
            **more,
        },
    }


def asked(item: Json | None, before: Json | None = None, **more: Any) -> Request:
    """Return the question of a review."""
    return request_of(json.dumps(review(item, before, **more)).encode())


def patched(item: Json, operations: list[Json]) -> Json:
    """Apply a JSON Patch that only adds (RFC 6902)."""
    result = copy.deepcopy(item)
    for each in operations:
        assert each["op"] == "add", each
        *parents, last = [
            part.replace("~1", "/").replace("~0", "~") for part in each["path"].split("/")[1:]
        ]
        here: Any = result
        for part in parents:
            here = here[int(part)] if isinstance(here, list) else here[part]
        if isinstance(here, list):
            here.insert(len(here) if last == "-" else int(last), each["value"])
        else:
            here[last] = each["value"]
    return result


def patch_in(response: Json) -> list[Json]:
    """Return the patch of a response."""
    assert response["patchType"] == "JSONPatch"
    found: list[Json] = json.loads(base64.b64decode(response["patch"]))
    return found
