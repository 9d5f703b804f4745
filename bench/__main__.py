"""``python -m bench``: run the benchmarks and print their tables."""

from __future__ import annotations

import argparse
import os
import sys

from rich.console import Console

from bench import (
    change,
    cold,
    discovery,
    kubernetes,
    label,
    leaving,
    models,
    push,
    request_keys,
)
from tests.support import kube_binaries

BENCHMARKS = {
    "label": label.run,
    "cold": cold.run,
    "push": push.run,
    "discovery": discovery.run,
    "change": change.run,
    "discovery-of-models": models.run,
    "leaving": leaving.run,
    "kubernetes": kubernetes.run,
    "request-keys": request_keys.run,
}


def main() -> None:
    """Parse the command line and run the benchmarks."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("which", nargs="?", default="all", choices=[*BENCHMARKS, "all"])
    parser.add_argument(
        "--only",
        type=_row_numbers,
        metavar="ROWS",
        help="with change: the numbers of the rows to measure, such as 1,4",
    )
    arguments = parser.parse_args()
    which, only = arguments.which, arguments.only
    if only and which != "change":
        parser.error("--only goes with the benchmark change")
    if sys.platform != "linux":
        parser.error("memory and CPU are read from /proc: the benchmarks need Linux")
    console = Console()
    console.print(f"{os.cpu_count()} CPUs, initial load average {os.getloadavg()[0]:.1f}")
    if only:
        console.print(change.run(only))
        return
    for name, run in BENCHMARKS.items():
        if which not in (name, "all"):
            continue
        if name == "kubernetes" and kube_binaries.find("kube-apiserver") is None:
            console.print("kubernetes: no API server here; `make kube` builds it (needs Go)")
            continue
        console.print(run())


def _row_numbers(text: str) -> frozenset[int]:
    try:
        return change.row_numbers(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


if __name__ == "__main__":
    main()
