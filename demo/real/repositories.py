"""Model repositories: the same models in a folder of Triton's, and in one of MLServer's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from demo import digits
from demo.real.weights import Linear

INSIDE = Path(__file__).parent / "inside"
"""The models' code, which runs inside the servers, with their packages."""

_TRITON = f"""
name: "{{name}}"
backend: "python"
input [{{{{ name: "image" data_type: TYPE_FP32 dims: [-1, {digits.PIXELS}] }}}}]
output [
  {{{{ name: "digit" data_type: TYPE_INT64 dims: [-1] }}}},
  {{{{ name: "runtime" data_type: TYPE_STRING dims: [1] }}}}
]
instance_group [{{{{ kind: KIND_CPU }}}}]
"""


def for_triton(repository: Path, models: Mapping[str, Linear]) -> None:
    """Write the models into a repository of Triton's."""
    for name, model in models.items():
        version = repository / name / "1"
        version.mkdir(parents=True)
        (repository / name / "config.pbtxt").write_text(_TRITON.format(name=name))
        (version / "model.py").symlink_to(INSIDE / "triton_model.py")
        model.save(version / "weights.npz")


def for_mlserver(repository: Path, models: Mapping[str, Linear]) -> None:
    """Write the models into a repository of MLServer's."""
    for name, model in models.items():
        folder = repository / name
        folder.mkdir(parents=True)
        model.save(folder / "weights.npz")
        settings = {
            "name": name,
            "implementation": "mlserver_model.DigitsModel",
            "parameters": {"uri": str(folder / "weights.npz")},
        }
        (folder / "model-settings.json").write_text(json.dumps(settings), encoding="utf-8")
