"""``python -m demo.real``: run the demo with real inference servers and print the result."""

from __future__ import annotations

import argparse
import asyncio
import sys

from rich.console import Console

from demo.__main__ import positive


def main() -> int:
    """Parse the command line and run the demo; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m demo.real",
        description="Run real Tritons and MLServers behind Envoy and Straightway, and print how "
        "requests find their models. Exits with 0 if every request did, with 1 otherwise.",
    )
    parser.add_argument("--keep", action="store_true", help="keep everything running until Ctrl-C")
    parser.add_argument(
        "--seconds",
        type=positive,
        default=5.0,
        help="duration of the first two phases; the third takes four times as long",
    )
    arguments = parser.parse_args()
    console = Console()
    console.print("Triton and MLServer behind Envoy and Straightway: no labels, any client")
    # Imported here so that the first line does not wait a second or two for scikit-learn.
    from demo.real.session import run

    return asyncio.run(run(console, seconds=arguments.seconds, keep=arguments.keep))


if __name__ == "__main__":
    sys.exit(main())
