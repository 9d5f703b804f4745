"""The WorkloadEntry file of a runtime, read by the control plane and by other runtimes.

The subset key ``modelmesh.asm.alibabacloud.com`` lists the models that a runtime holds: one model
as a label, several as a comma-separated annotation, because label values cannot contain commas.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

KEY = "modelmesh.asm.alibabacloud.com"
NAMESPACE = "modelmesh-serving"
APP = "modelmesh-serving"


@dataclass(frozen=True, slots=True)
class Entry:
    """A runtime, its address and port, and the models that it holds."""

    name: str
    address: str
    port: int
    models: tuple[str, ...] = ()


def write(path: Path, entry: Entry) -> None:
    """Write an entry to its file atomically."""
    write_at_once(path, render(entry))


def write_at_once(path: Path, text: str) -> None:
    """Replace a file atomically: a reader sees the old content or the new, never a part.

    The temporary name starts with a dot, so readers of config folders ignore it.
    """
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def render(entry: Entry) -> str:
    """Return an entry as the YAML of a WorkloadEntry."""
    models = ",".join(sorted(entry.models))
    metadata: dict[str, object] = {"name": entry.name, "namespace": NAMESPACE}
    labels = {"app": APP}
    if len(entry.models) == 1:
        labels[KEY] = models
    elif entry.models:
        metadata["annotations"] = {KEY: models}
    document = {
        "apiVersion": "networking.istio.io/v1beta1",
        "kind": "WorkloadEntry",
        "metadata": metadata,
        "spec": {"address": entry.address, "ports": {"grpc": entry.port}, "labels": labels},
    }
    return yaml.safe_dump(document, sort_keys=False)


def read(path: Path) -> Entry | None:
    """Return the entry in a file, or None if it holds no WorkloadEntry of the model mesh."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError):
        return None
    if not isinstance(document, dict) or document.get("kind") != "WorkloadEntry":
        return None
    metadata, spec = document["metadata"], document["spec"]
    if spec.get("labels", {}).get("app") != APP:
        return None
    models = spec["labels"].get(KEY) or metadata.get("annotations", {}).get(KEY) or ""
    return Entry(
        name=metadata["name"],
        address=spec["address"],
        port=spec["ports"]["grpc"],
        models=tuple(filter(None, models.split(","))),
    )
