"""``python -m demo``: run the whole tutorial on this machine and print the result."""

from __future__ import annotations

import argparse
import asyncio
import math
import sys

from rich.console import Console


def main() -> int:
    """Read the command line and run; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m demo",
        description="Run the whole tutorial on this machine and print the result. The exit code is "
        "0 if every request went straight to a runtime that holds its model, 1 if not.",
    )
    parser.add_argument("--keep", action="store_true", help="leave everything running until Ctrl-C")
    parser.add_argument(
        "--seconds", type=_positive, default=6.0, help="how long each of the three loads lasts"
    )
    arguments = parser.parse_args()
    console = Console()
    console.print("A model mesh behind Envoy, kept by Straightway: the tutorial on this machine")
    # Imported here because scikit-learn takes a second or two, and the first line shall not.
    from demo.session import run

    return asyncio.run(run(console, seconds=arguments.seconds, keep=arguments.keep))


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is no time to wait")
    return number


if __name__ == "__main__":
    sys.exit(main())
