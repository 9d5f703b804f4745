"""``python -m demo``: run the tutorial on this machine and print the result."""

from __future__ import annotations

import argparse
import asyncio
import math
import sys

from rich.console import Console


def main() -> int:
    """Parse the command line and run the demo; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m demo",
        description="Run the tutorial on this machine and print the result. Exits with 0 if every "
        "request went straight to a runtime that holds its model, with 1 otherwise.",
    )
    parser.add_argument("--keep", action="store_true", help="keep everything running until Ctrl-C")
    parser.add_argument(
        "--seconds", type=positive, default=6.0, help="duration of each of the three load phases"
    )
    arguments = parser.parse_args()
    console = Console()
    console.print("A model mesh behind Envoy and Straightway: the tutorial on this machine")
    # Imported here so that the first line does not wait a second or two for scikit-learn.
    from demo.session import run

    return asyncio.run(run(console, seconds=arguments.seconds, keep=arguments.keep))


def positive(text: str) -> float:
    """Read a number of seconds from the command line."""
    number = float(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number of seconds")
    return number


if __name__ == "__main__":
    sys.exit(main())
