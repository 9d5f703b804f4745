"""Options that name files: what is wrong names the option and the file, and says what to do."""

from __future__ import annotations

from pathlib import Path
from typing import get_type_hints

import pytest

from straightway.cli import app
from tests.support.certificates import server_pair

ABSENT = "/nope/file"
CERT, KEY, TEXT, FILE, FOLDER = "tls.crt", "tls.key", "text", "file", "folder"
TLS = ("--tls-cert", CERT, "--tls-key", KEY)
SERVE = ("serve", "--no-state", "--xds-address", "127.0.0.1:0", "--config", FOLDER)
CLUSTER = ("serve", "--no-state", "--xds-address", "127.0.0.1:0", "--kubernetes")
NODE = ("bootstrap", "--node", "router~10.0.0.1~a.b~c", "--xds", "127.0.0.1:1")

FILES: dict[str, list[tuple[tuple[str, ...], str]]] = {
    "--config": [
        (("serve", "--no-state", "--config", ABSENT), "does not exist. Name a folder"),
        (("serve", "--no-state", "--config", TEXT), "is not a folder. Name a folder"),
        (("translate", "--node", "a", "--config", ABSENT), "does not exist. Name a YAML file"),
    ],
    "PATH...": [(("validate", ABSENT), "does not exist. Name a YAML file")],
    "--tls-cert": [
        ((*SERVE, "--xds-anonymous", "--tls-cert", ABSENT, "--tls-key", KEY), "No such file"),
        ((*SERVE, "--xds-anonymous", "--tls-cert", FOLDER, "--tls-key", KEY), "Is a directory"),
        ((*SERVE, "--xds-anonymous", "--tls-cert", TEXT, "--tls-key", KEY), "no certificate"),
    ],
    "--tls-key": [
        ((*SERVE, "--xds-anonymous", "--tls-cert", CERT, "--tls-key", ABSENT), "No such file"),
        ((*SERVE, "--xds-anonymous", "--tls-cert", CERT, "--tls-key", TEXT), "private key in PEM"),
        ((*SERVE, "--xds-anonymous", "--tls-cert", CERT, "--tls-key", "b.key"), "another cert"),
    ],
    "--xds-client-ca": [
        ((*SERVE, *TLS, "--xds-client-ca", ABSENT), "No such file"),
        ((*SERVE, *TLS, "--xds-client-ca", TEXT), "Name certificates of authorities"),
    ],
    "--kubeconfig": [
        ((*CLUSTER, "--kubeconfig", ABSENT), "name one with --kubeconfig FILE"),
        ((*CLUSTER, "--kubeconfig", FOLDER), "name a file in it with --kubeconfig FILE"),
        ((*CLUSTER, "--kubeconfig", TEXT), "name another with --kubeconfig FILE"),
    ],
    "--directory": [
        (("crds", "--directory", f"{FILE}/a"), "Name another folder"),
        (("crds", "--directory", FILE), "is a file"),
    ],
    "--xds-secrets": [
        ((*NODE, "--xds-ca", "ca", "--xds-secrets", f"{FILE}/a"), "Name another folder"),
        ((*NODE, "--xds-ca", f"{FILE}/ca"), "Name another folder"),
    ],
}
"""Option or argument → commands with something wrong, and part of what is said."""

CASES = [(option, *case) for option, cases in FILES.items() for case in cases]

WARNED = "--state"
"""Without it everything is served: see tests/unit/state."""
ENVOYS = {"--xds-ca", "--xds-token", "--xds-cert", "--xds-key"}
"""Paths that Envoy reads, perhaps on another machine."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be in a folder with all that the commands name, and in no Pod."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("straightway.logs.configure", lambda *_: None)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    one, other = server_pair(), server_pair()
    for name, content in ((CERT, one.certificate), (KEY, one.key), ("b.key", other.key)):
        Path(name).write_bytes(content)
    Path(TEXT).write_text("nothing")
    Path(FILE).touch()
    Path(FOLDER).mkdir()


@pytest.mark.parametrize(("option", "command", "said"), CASES)
def test_what_is_wrong_names_the_option_and_the_file(
    option: str, command: tuple[str, ...], said: str, straightway
) -> None:
    run = straightway(*command)

    assert run.code in (1, 2)
    message = run.err.splitlines()[-1]
    assert message.startswith("Error: ")
    assert option in message
    named = command[command.index(option) + 1] if option in command else command[-1]
    assert (named.rpartition("/")[0] or named) in message
    assert said in message


def test_every_option_that_names_a_file_is_tested() -> None:
    found = {
        "PATH..." if name == "paths" else f"--{name.replace('_', '-')}"
        for command in app.registered_commands
        for name, hint in get_type_hints(command.callback).items()
        if hint in (Path, Path | None, list[Path])
    }
    assert found == FILES.keys() | {WARNED} | ENVOYS
