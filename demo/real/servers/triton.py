"""How Triton is started: it loads what it is told to load."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path

from demo.real.servers import places


def command(models: Path, http_port: int, grpc_port: int) -> list[str]:
    """Triton's command, with the models of a folder, on 127.0.0.1."""
    return [
        str(places.packages("triton") / "pytriton" / "tritonserver" / "bin" / "tritonserver"),
        f"--model-repository={models}",
        f"--backend-directory={places.folder() / 'triton' / 'backends'}",
        "--model-control-mode=explicit",
        "--http-address=127.0.0.1",
        f"--http-port={http_port}",
        "--grpc-address=127.0.0.1",
        f"--grpc-port={grpc_port}",
        "--allow-metrics=false",
        "--exit-timeout-secs=2",
    ]


def environment() -> dict[str, str]:
    """Return what the command needs in its environment.

    Its Python takes numpy from the environment whose ``python`` is first on PATH, whatever
    PYTHONPATH says. With any numpy but its own it reads tensors wrongly.
    """
    libraries = places.packages("triton") / "nvidia_pytriton.libs"
    return {
        "LD_LIBRARY_PATH": f"{libraries}:{sysconfig.get_config_var('LIBDIR')}",
        "PATH": os.pathsep.join([str(places.python("triton").parent), os.environ.get("PATH", "")]),
    }
