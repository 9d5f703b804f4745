"""The command line. Each command has its own module, which parses arguments, calls and prints.

Exit codes: 0 success; 1 the config has errors, or the server failed; 2 usage error; 130 interrupted
(`serve` exits with 0 then); 141 the reader of the output closed the pipe.
"""

from __future__ import annotations

import gc
import sys
from typing import Annotated

import typer
from typer.exceptions import TyperException

from straightway import __version__
from straightway.cli.bootstrap import bootstrap
from straightway.cli.crds import crds
from straightway.cli.printing import printing
from straightway.cli.serve import serve
from straightway.cli.translate import translate
from straightway.cli.validate import validate

app = typer.Typer(
    name="straightway",
    help="An xDS control plane that sends each inference request straight to a runtime that "
    "holds its model.",
    epilog="Exit codes: 0 success; 1 the config has errors, or the server failed; 2 usage error; "
    "130 interrupted (serve: 0).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (serve, validate, translate, bootstrap, crds):
    app.command()(command)


def _print_version(*, value: bool) -> None:
    if value:
        typer.echo(f"straightway {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version)
    ] = False,
) -> None:
    """Handle the options before the command."""


def main() -> None:
    """Run the command line; report a usage error as one line, without a traceback."""
    # What is imported and loaded stays: at the default of 700, collections were a tenth of it.
    gc.set_threshold(50_000)
    with printing():
        try:
            status = app(standalone_mode=False)
        except TyperException as error:
            if message := error.format_message():  # Empty after the help was printed.
                typer.echo(f"Error: {message.rstrip('.')}; see --help", err=True)
            status = error.exit_code
        except typer.Abort:
            status = 130
    sys.exit(status)
