"""``python -m bench``: run the benchmarks and print their tables."""

from __future__ import annotations

import argparse
import os
import sys

from rich.console import Console

from bench import cold, discovery, label, push

BENCHMARKS = {"label": label.run, "cold": cold.run, "push": push.run, "discovery": discovery.run}


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("which", nargs="?", default="all", choices=[*BENCHMARKS, "all"])
    which = parser.parse_args().which
    if sys.platform != "linux":
        parser.error("memory and CPU are read from /proc: the benchmarks need Linux")
    console = Console()
    console.print(f"{os.cpu_count()} CPUs, load average {os.getloadavg()[0]:.1f} at the start")
    for name, run in BENCHMARKS.items():
        if which in (name, "all"):
            console.print(run())


if __name__ == "__main__":
    main()
