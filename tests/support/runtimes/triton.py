"""A real Triton, with models of its Python backend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from demo.real.servers import triton
from tests.support.ports import free_port
from tests.support.runtimes.runtime import Runtime

_INSIDE = Path(__file__).parent / "inside"
_CONFIG = """
name: "{name}"
backend: "python"
version_policy: {{ all {{}} }}
input [{{ name: "x" data_type: TYPE_FP32 dims: [1] }}]
output [{{ name: "y" data_type: TYPE_FP32 dims: [1] }}]
instance_group [{{ kind: KIND_CPU }}]
"""


class Triton(Runtime):
    """Loads what it is told to load (`--model-control-mode explicit`)."""

    name = "triton"

    def command(self) -> Sequence[str]:
        return triton.command(self.models, self.port, free_port())

    def environment(self) -> Mapping[str, str]:
        return triton.environment()

    def add(self, model: str, *versions: str) -> None:
        folder = self.models / model
        folder.mkdir()
        (folder / "config.pbtxt").write_text(_CONFIG.format(name=model))
        for version in versions or ("1",):
            (folder / version).mkdir()
            (folder / version / "model.py").symlink_to(_INSIDE / "triton_model.py")
        self.behave(model, "ready")
