"""Where the API server is and how to be let in: in a Pod, and by all that a kubeconfig may hold."""

from __future__ import annotations

import base64
import gc
import json
import os
from asyncio.base_subprocess import BaseSubprocessTransport
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from kubernetes.aio.config import incluster_config
from structlog.testing import capture_logs

from straightway.kubernetes import ConnectError, UnreachableError, connect, credentials
from tests.support.waiting import eventually_async
from tests.unit.kubernetes.conftest import FakeServer, Kubeconfig

MakeKubeconfig = Callable[[str], Kubeconfig]


@pytest.fixture(autouse=True)
def outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No cluster around the tests, and no kubeconfig of whoever runs them."""
    for name in ("KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "POD_NAMESPACE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(
        "kubernetes.aio.config.KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "default")
    )


@pytest.fixture
def pod(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: FakeServer
) -> Callable[[str], Path]:
    """Surround the test with a Pod of a cluster; returns its service account's folder."""

    def surround(url: str) -> Path:
        folder = tmp_path / "serviceaccount"
        folder.mkdir()
        (folder / "token").write_text("first")
        (folder / "namespace").write_text("shop\n")
        (folder / "ca.crt").write_bytes(server.credentials.ca.read_bytes())
        monkeypatch.setattr(credentials, "SERVICE_ACCOUNT", folder)
        monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(folder / "token"))
        monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(folder / "ca.crt"))
        host, port = url.removeprefix("https://").split(":")
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", port)
        return folder

    return surround


# In a Pod.


async def test_in_a_pod_its_service_account_is_used(server: FakeServer, pod):
    pod(await server.start(tls=True))
    async with connect() as api:
        assert api.server == server.url
        assert api.namespace == "shop"
        await api.request("GET", "/x")
    assert server.tokens == ["bearer first"]


async def test_a_token_that_the_kubelet_rotates_is_read_again(
    server: FakeServer, pod, monkeypatch: pytest.MonkeyPatch
):
    # Each token counts as old at once.
    monkeypatch.setattr("datetime.timedelta", lambda **_: timedelta(minutes=-1))
    folder = pod(await server.start(tls=True))
    async with connect() as api:
        (folder / "token").write_text("second")
        await api.request("GET", "/x")
        (folder / "token").unlink()
        with pytest.raises(UnreachableError, match="no credentials"):
            await api.request("GET", "/x")
        (folder / "token").write_text("third")
        await api.request("GET", "/x")
    assert server.tokens == ["bearer second", "bearer third"]


async def test_a_broken_service_account_is_named(server: FakeServer, pod):
    folder = pod(await server.start(tls=True))
    (folder / "ca.crt").write_text("")
    with pytest.raises(ConnectError, match="service account cannot be used: Cert file"):
        await load()


async def test_a_broken_ca_is_named(server: FakeServer, pod):
    folder = pod(await server.start(tls=True))
    (folder / "ca.crt").write_text("no certificate")
    with pytest.raises(ConnectError, match="certificates for the API server cannot be used"):
        await load()


async def test_a_named_kubeconfig_counts_more_than_the_pod(
    server: FakeServer, pod, kubeconfig: MakeKubeconfig
):
    pod(await server.start(tls=True))
    file = kubeconfig(server.url).write({"token": "mine"}, namespace="home")
    async with connect(file) as api:
        assert api.namespace == "home"
        await api.request("GET", "/x")
    assert server.tokens == ["Bearer mine"]


# Kubeconfigs.


async def load(kubeconfig: Path | None = None, context: str | None = None) -> str:
    """Return the namespace of a client that is closed again."""
    async with connect(kubeconfig, context) as api:
        return api.namespace


async def test_a_context_has_a_namespace(kubeconfig: MakeKubeconfig):
    file = kubeconfig("http://127.0.0.1:1").write({})
    assert await load(file) == "default"
    assert await load(file, "other") == "elsewhere"
    with pytest.raises(ConnectError, match="nowhere"):
        await load(file, "nowhere")


async def test_without_any_configuration_the_message_says_what_to_do(tmp_path: Path):
    with pytest.raises(ConnectError, match=r"There is no kubeconfig .*default.*--kubeconfig"):
        await load()
    with pytest.raises(ConnectError, match=r"There is no kubeconfig .*missing"):
        await load(tmp_path / "missing")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "7", "kind: Config", "current-context: a\ncontexts: []", "\x00"]
)
async def test_a_broken_file_is_named(tmp_path: Path, text: str):
    file = tmp_path / "broken"
    file.write_text(text)
    with pytest.raises(ConnectError, match=r"The kubeconfig .*broken cannot be used: "):
        await load(file)


@pytest.mark.parametrize("text", ["", "[]", "7", "users: 3"])
async def test_what_is_no_kubeconfig_at_all_is_said(tmp_path: Path, text: str):
    file = tmp_path / "config"
    file.write_text(text)
    with pytest.raises(ConnectError, match="is empty, or does not have the form of one"):
        await load(file)


async def test_a_folder_is_no_kubeconfig(tmp_path: Path):
    with pytest.raises(ConnectError, match="is a folder: name a file in it"):
        await load(tmp_path)


async def test_certificates_may_be_in_the_file(
    server: FakeServer, kubeconfig: MakeKubeconfig, credentials
):
    config = kubeconfig(await server.start(tls=True, client_certificates=True))
    user = {
        "client-certificate-data": base64.b64encode(
            credentials.client_certificate.read_bytes()
        ).decode(),
        "client-key-data": base64.b64encode(credentials.client_key.read_bytes()).decode(),
    }
    async with connect(config.write(user)) as api:
        assert await api.request("GET", "/x") == {}


async def test_certificates_that_are_none_are_named(kubeconfig: MakeKubeconfig, tmp_path: Path):
    (tmp_path / "bad").write_text("no certificate")
    user = {"client-certificate": str(tmp_path / "bad"), "client-key": str(tmp_path / "bad")}
    with pytest.raises(ConnectError, match="certificates for the API server cannot be used"):
        await load(kubeconfig("https://127.0.0.1:1").write(user))


# Plug-ins.


class Plugin:
    """A credential plug-in whose answers a test sets; it counts its runs."""

    def __init__(self, folder: Path) -> None:
        self._answer = folder / "answer"
        self._runs = folder / "runs"
        self._script = folder / "plugin"
        self._runs.write_text("")

    def gives(self, token: str, lasting: timedelta | None = None) -> None:
        status = {"token": token}
        if lasting is not None:
            expiry = datetime.now(UTC) + lasting
            status["expirationTimestamp"] = expiry.strftime("%Y-%m-%dT%H:%M:%SZ")
        version = "client.authentication.k8s.io/v1"
        self._answer.write_text(
            json.dumps({"apiVersion": version, "kind": "ExecCredential", "status": status})
        )
        self._write(f"cat {self._answer}")

    def does(self, command: str) -> None:
        self._write(command)

    @property
    def runs(self) -> int:
        return len(self._runs.read_text())

    @property
    def user(self) -> dict[str, Any]:
        version = "client.authentication.k8s.io/v1"
        return {"exec": {"apiVersion": version, "command": str(self._script)}}

    def _write(self, command: str) -> None:
        self._script.write_text(f"#!/bin/sh\nprintf x >> {self._runs}\n{command}\n")
        self._script.chmod(0o755)


@pytest.fixture
def plugin(tmp_path: Path) -> Plugin:
    return Plugin(tmp_path)


async def test_a_plugin_gives_a_token(
    server: FakeServer, kubeconfig: MakeKubeconfig, plugin: Plugin
):
    plugin.gives("made")
    async with connect(kubeconfig(await server.start()).write(plugin.user)) as api:
        await api.request("GET", "/x")
        await api.request("GET", "/x")
    assert server.tokens == ["Bearer made"] * 2
    assert plugin.runs == 1


async def test_a_plugin_is_asked_again_before_its_token_expires(
    server: FakeServer,
    kubeconfig: MakeKubeconfig,
    plugin: Plugin,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(credentials, "_REFRESH_SECONDS", 0)
    plugin.gives("short", timedelta(seconds=-1))
    async with connect(kubeconfig(await server.start()).write(plugin.user)) as api:
        plugin.gives("long", timedelta(hours=1))
        await api.request("GET", "/x")
        plugin.gives("longer", timedelta(hours=1))
        await api.request("GET", "/x")
    assert server.tokens == ["Bearer long"] * 2
    assert plugin.runs == 2


async def test_a_plugin_that_fails_later_leaves_the_token_and_a_warning(
    server: FakeServer,
    kubeconfig: MakeKubeconfig,
    plugin: Plugin,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(credentials, "_REFRESH_SECONDS", 0)
    plugin.gives("short", timedelta(seconds=-1))
    async with connect(kubeconfig(await server.start()).write(plugin.user)) as api:
        plugin.does("echo log in first >&2; exit 3")
        with capture_logs() as logs:
            await api.request("GET", "/x")
    assert server.tokens == ["Bearer short"]
    [warning] = logs
    assert warning["log_level"] == "warning"
    assert "log in first" in warning["reason"]


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("echo log in first >&2; exit 3", "log in first"),
        ("echo hello", "decode"),
        ("echo '{}'", "apiVersion"),
        ("exec /does/not/exist", "not found|No such file"),
    ],
)
async def test_a_plugin_that_fails_is_named(
    kubeconfig: MakeKubeconfig, plugin: Plugin, command: str, reason: str
):
    plugin.does(command)
    file = kubeconfig("http://127.0.0.1:1").write(plugin.user)
    with pytest.raises(ConnectError, match=rf"kubeconfig cannot be used: .*({reason})"):
        await load(file)


async def test_a_plugin_that_waits_for_somebody_is_given_up(
    kubeconfig: MakeKubeconfig, plugin: Plugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(credentials, "_PLUGIN_SECONDS", 0.1)
    answer = tmp_path / "fifo"
    os.mkfifo(answer)
    plugin.does(f"read line < {answer}")
    file = kubeconfig("http://127.0.0.1:1").write(plugin.user)
    try:
        with pytest.raises(ConnectError, match="no credentials within"):
            await load(file)
    finally:
        # Somebody comes at last, and the program ends.
        answer.write_text("here I am\n")
        await eventually_async(_no_program_runs)


def _no_program_runs() -> bool:
    programs = [each for each in gc.get_objects() if isinstance(each, BaseSubprocessTransport)]
    return all(each.is_closing() for each in programs)
