"""How MLServer is started: it loads what it is told to load."""

from __future__ import annotations

import json
from pathlib import Path

from demo.real.servers import places


def command(models: Path, http_port: int, grpc_port: int, metrics_port: int) -> list[str]:
    """MLServer's command, with the models of a folder, on 127.0.0.1; writes its settings there."""
    settings = {
        "host": "127.0.0.1",
        "http_port": http_port,
        "grpc_port": grpc_port,
        "metrics_port": metrics_port,
        "parallel_workers": 0,
        "load_models_at_startup": False,
        "debug": False,
        "environments_dir": str(models / ".envs"),
        "metrics_dir": str(models / ".metrics"),
    }
    (models / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    return [str(places.python("mlserver").with_name("mlserver")), "start", str(models)]


def environment(modules: Path) -> dict[str, str]:
    """Return what the command needs to find the models' code in the folder ``modules``."""
    return {"PYTHONPATH": str(modules)}
