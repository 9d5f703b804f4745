"""A real MLServer, with models of a runtime of the tests."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from demo.real.servers import mlserver
from tests.support.ports import free_port
from tests.support.runtimes.runtime import Runtime

_INSIDE = Path(__file__).parent / "inside"


class MLServer(Runtime):
    """Loads what it is told to load; a model that fails at the start would end it."""

    name = "mlserver"

    def command(self) -> Sequence[str]:
        return mlserver.command(self.models, self.port, free_port(), free_port())

    def environment(self) -> Mapping[str, str]:
        return mlserver.environment(_INSIDE)

    def add(self, model: str, *versions: str) -> None:
        folder = self.models / model
        folder.mkdir()
        for version in versions or ("",):
            place = folder / version
            place.mkdir(exist_ok=True)
            parameters = {"uri": str(folder), **({"version": version} if version else {})}
            settings = {
                "name": model,
                "implementation": "mlserver_model.Model",
                "parameters": parameters,
            }
            (place / "model-settings.json").write_text(json.dumps(settings))
        self.behave(model, "ready")
