"""What a kubelet does with a container: variables in its arguments, and files in its volumes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.mounts import MountedVolume

Json = dict[str, Any]

FOLDER = "/var/run/secrets"
"""Where Pods have their volumes; here they are elsewhere."""
_VARIABLE = re.compile(r"\$(?:\$|\(([A-Z_]+)\))")


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """Return an argument as a kubelet passes it: `$(NAME)` is a variable, `$$` a dollar."""
    return _VARIABLE.sub(lambda found: variables[found[1]] if found[1] else "$", text)


def arguments(pod: Json, name: str, folder: Path) -> list[str]:
    """Return the arguments of an init container, for volumes in a folder."""
    (container,) = [each for each in pod["spec"]["initContainers"] if each["name"] == name]
    metadata = pod["metadata"]
    variables = {
        "POD_NAME": metadata["name"],
        "POD_NAMESPACE": metadata["namespace"],
        "POD_IP": "127.0.0.1",
    }
    return [expanded(each, variables).replace(FOLDER, str(folder)) for each in container["args"]]


def mount(pod: Json, volume: str, folder: Path, at: str, **others: bytes) -> MountedVolume:
    """Mount the annotations of a projected volume; `others` are what other sources hold."""
    (found,) = [each for each in pod["spec"]["volumes"] if each["name"] == volume]
    files = dict(others)
    for source in found.get("projected", {}).get("sources", ()):
        for item in source.get("downwardAPI", {}).get("items", ()):
            annotation = re.fullmatch(
                r"metadata\.annotations\['(.+)'\]", item["fieldRef"]["fieldPath"]
            )
            assert annotation is not None
            content = pod["metadata"]["annotations"][annotation[1]]
            files[item["path"]] = content.replace(FOLDER, str(folder)).encode()
    return MountedVolume(folder / at, files)
