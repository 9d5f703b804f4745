"""A real MLServer, with models of a runtime of the tests."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.ports import free_port
from tests.support.runtimes import places
from tests.support.runtimes.runtime import Runtime

_INSIDE = Path(__file__).parent / "inside"


class MLServer(Runtime):
    """Loads what it is told to load; a model that fails at the start would end it."""

    name = "mlserver"

    def command(self) -> Sequence[str]:
        settings = {
            "host": "127.0.0.1",
            "http_port": self.port,
            "grpc_port": free_port(),
            "metrics_port": free_port(),
            "parallel_workers": 0,
            "load_models_at_startup": False,
            "debug": False,
        }
        (self.models / "settings.json").write_text(json.dumps(settings))
        return [str(places.python("mlserver").with_name("mlserver")), "start", str(self.models)]

    def environment(self) -> Mapping[str, str]:
        return {"PYTHONPATH": str(_INSIDE)}

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
