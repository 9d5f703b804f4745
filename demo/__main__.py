"""``python -m demo``: run the whole tutorial on this machine and print the result."""

from __future__ import annotations

import argparse
import asyncio
import sys

from rich.console import Console

from demo.session import run


def main() -> int:
    """Read the command line and run; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave everything running until Ctrl-C")
    parser.add_argument(
        "--seconds", type=float, default=6.0, help="how long each of the three loads lasts"
    )
    arguments = parser.parse_args()
    return asyncio.run(run(Console(), seconds=arguments.seconds, keep=arguments.keep))


if __name__ == "__main__":
    sys.exit(main())
