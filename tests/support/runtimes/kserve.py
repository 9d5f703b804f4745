"""A real server made with KServe's SDK."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.runtimes import places
from tests.support.runtimes.runtime import Runtime

_INSIDE = Path(__file__).parent / "inside"


class KServe(Runtime):
    """Registers what it is told to load, also if the model is not ready then."""

    name = "kserve"

    @property
    def _at_start(self) -> Path:
        return self.folder / "at-start"

    def serve_at_start(self, *models: str) -> None:
        """Register these models at every start."""
        self._at_start.write_text("\n".join(models))

    def command(self) -> Sequence[str]:
        server = _INSIDE / "kserve_server.py"
        return [
            str(places.python("kserve")),
            str(server),
            str(self.models),
            str(self.port),
            str(self._at_start),
        ]

    def environment(self) -> Mapping[str, str]:
        return {}

    def add(self, model: str, *versions: str) -> None:
        (self.models / model).mkdir(parents=True)
        self.behave(model, "ready")
