"""The schema of ``status``, which controllers write.

Istio's own form (``conditions``, ``validationMessages``, ``observedGeneration``), so that Istio and
Straightway can both write to it; other fields are kept. Conditions are a map by type, so that
server-side apply lets each controller own its own conditions.
"""

from __future__ import annotations

from typing import Any

_GENERATION = {
    "description": "The generation of the object that was examined.",
    "x-kubernetes-int-or-string": True,
}


def _text(description: str, **keywords: Any) -> dict[str, Any]:
    return {"description": description, "type": "string", **keywords}


STATUS: dict[str, Any] = {
    "description": "What controllers found and did; do not write it.",
    "type": "object",
    "properties": {
        "conditions": {
            "description": "The object's state: Accepted, ResolvedRefs, Programmed and others.",
            "type": "array",
            "items": {
                "type": "object",
                "required": ["type"],
                "properties": {
                    "type": _text("What the condition is about."),
                    "status": _text("True, False or Unknown."),
                    "reason": _text("The reason in one word."),
                    "message": _text("What is wrong, and what to write instead."),
                    "observedGeneration": _GENERATION,
                    "lastTransitionTime": _text("When the status changed.", format="date-time"),
                    "lastProbeTime": _text("When it was last examined.", format="date-time"),
                },
                "x-kubernetes-preserve-unknown-fields": True,
            },
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["type"],
        },
        "observedGeneration": _GENERATION,
        "validationMessages": {
            "description": "Errors and warnings, each with its place.",
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "type": {
                        "description": "What is wrong.",
                        "type": "object",
                        "properties": {
                            "name": _text("A readable name."),
                            "code": _text("A stable code."),
                        },
                        "x-kubernetes-preserve-unknown-fields": True,
                    },
                    "level": _text("How bad it is.", enum=["UNKNOWN", "ERROR", "WARNING", "INFO"]),
                    "documentationUrl": _text("Where it is explained."),
                },
                "x-kubernetes-preserve-unknown-fields": True,
            },
        },
    },
    "x-kubernetes-preserve-unknown-fields": True,
}
