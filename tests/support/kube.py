"""A real Kubernetes API server with its etcd, on 127.0.0.1.

Real are storage, watches, schemas, admission, RBAC and tokens. There are no nodes, and unless told
otherwise no controllers: Pods stay Pending, nothing makes EndpointSlices, and a deleted namespace
stays Terminating. Tests write what is missing, or play it (`tests/support/kubelet.py`).
"""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
import signal
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.kube_binaries import program
from tests.support.kube_client import Json, KubeClient, KubeError
from tests.support.kube_credentials import ADMIN_TOKEN, Credentials
from tests.support.ports import free_port
from tests.support.processes import GuardedProcess
from tests.support.waiting import DEADLINE, eventually

START = 120.0
"""Seconds for a start; it takes about four where nothing else runs."""


class KubeServer(KubeClient):
    """An API server that keeps its address, data and credentials over restarts.

    With `controllers`, those of Deployments, ReplicaSets, EndpointSlices, namespaces, service
    accounts and garbage run as well; they stay while the API server is away. `flags` are further
    ones of the API server.
    """

    def __init__(
        self, folder: Path, *, controllers: bool = False, flags: Sequence[str] = ()
    ) -> None:
        self.credentials = Credentials(folder / "credentials")
        self.port = free_port()
        super().__init__(f"https://127.0.0.1:{self.port}", self.credentials.ca)
        self._folder = folder
        self._data = folder / "etcd"
        self._etcd_url = f"http://127.0.0.1:{free_port()}"
        self._etcd = GuardedProcess("etcd", self._etcd_command(), folder / "etcd.log")
        self._server = GuardedProcess(
            "kube-apiserver", [*self._server_command(), *flags], folder / "kube-apiserver.log"
        )
        self._controllers: GuardedProcess | None = None
        if controllers:
            command = [program("kube-controllers"), str(self.kubeconfig())]
            log = folder / "kube-controllers.log"
            self._controllers = GuardedProcess("kube-controllers", command, log)

    @property
    def processes(self) -> list[GuardedProcess]:
        return [self._etcd, self._server, *([self._controllers] if self._controllers else [])]

    @property
    def pid(self) -> int:
        """The API server's process."""
        return self._server.pid

    # Life.

    def start(self) -> None:
        """Start what does not run, and wait until the API server is ready."""
        if not self._etcd.running:
            self._etcd.start()
            eventually(self._etcd_is_healthy, what="etcd is healthy", seconds=START)
        self._server.start()
        eventually(self._is_ready, what="kube-apiserver is ready", seconds=START)
        eventually(self._has_default_namespace, what="there is a default namespace", seconds=START)
        self.make_service_account("default", "default")
        if self._controllers and not self._controllers.running:
            self._controllers.start()

    def stop(self) -> None:
        """Stop the API server as an upgrade would: it ends watches and refuses connections.

        It would wait up to a minute for its clients; here they get two seconds.
        """
        self._server.signal(signal.SIGTERM)
        with contextlib.suppress(AssertionError):
            eventually(lambda: not self._server.running, seconds=2)
        self._server.kill()

    def kill(self) -> None:
        """Kill the API server as a crash would; etcd stays, `start` continues with its data."""
        self._server.kill()

    def pause(self) -> None:
        """Freeze the API server: connections stay open, and nothing is answered."""
        self._server.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """End a pause."""
        self._server.signal(signal.SIGCONT)

    def close(self) -> None:
        """End everything and delete the data; the logs stay."""
        for process in reversed(self.processes):
            process.kill()
        shutil.rmtree(self._data, ignore_errors=True)

    # Data.

    def compact(self) -> None:
        """Forget the history of all objects.

        The API server still has the latest changes in its memory: only after a restart does a
        watch or a continued list from before get a 410.
        """
        # An entry that is asked for tells the current revision, whether it exists or not.
        entry = self._ask_etcd("/v3/kv/range", {"key": _encoded(b"any")})
        revision = entry["header"]["revision"]
        self._ask_etcd("/v3/kv/compaction", {"revision": revision, "physical": True})

    def commit(self, changes: Json) -> None:
        """Write what `transaction` returned into etcd; the API server sees it come."""
        self._ask_etcd("/v3/kv/txn", changes)

    def save(self) -> Path:
        """Restart with the data as it is; return a copy of it, to `restore`."""
        copy = self._folder / f"saved-{len(list(self._folder.glob('saved-*')))}"
        self._end_all()
        shutil.copytree(self._data, copy)
        self.start()
        return copy

    def restore(self, saved: Path) -> None:
        """Restart with older data, as after a disaster: revisions go back."""
        self._end_all()
        shutil.rmtree(self._data)
        shutil.copytree(saved, self._data)
        self.start()

    def _end_all(self) -> None:
        # What the controllers have seen is not what they will see.
        if self._controllers:
            self._controllers.kill()
        self._server.kill()
        self._etcd.stop()

    # Credentials.

    def kubeconfig(
        self,
        token: str = ADMIN_TOKEN,
        *,
        client_certificate: bool = False,
        namespace: str = "default",
        url: str = "",
    ) -> Path:
        """Write a kubeconfig for a token, or for the admin's client certificate.

        `url` is that of a proxy on this machine that is to be used.
        """
        user = {"token": token}
        if client_certificate:
            user = {
                "client-certificate-data": _base64(self.credentials.client_certificate),
                "client-key-data": _base64(self.credentials.client_key),
            }
        cluster = {
            "server": url or self.url,
            "certificate-authority-data": _base64(self.credentials.ca),
        }
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": "test", "user": user}],
            "contexts": [
                {
                    "name": "test",
                    "context": {"cluster": "test", "user": "test", "namespace": namespace},
                }
            ],
        }
        count = len(list(self._folder.glob("kubeconfig-*")))
        file = self._folder / f"kubeconfig-{count}.yaml"
        # JSON is YAML.
        file.write_text(json.dumps(config, indent=2))
        # Helm warns of one that others may read.
        file.chmod(0o600)
        return file

    # Starting.

    def _etcd_command(self) -> list[str]:
        peers = f"http://127.0.0.1:{free_port()}"
        return [
            program("etcd"),
            "--name=test",
            f"--data-dir={self._data}",
            f"--listen-client-urls={self._etcd_url}",
            f"--advertise-client-urls={self._etcd_url}",
            f"--listen-peer-urls={peers}",
            f"--initial-advertise-peer-urls={peers}",
            f"--initial-cluster=test={peers}",
            # Nothing here has to survive a crash of the machine.
            "--unsafe-no-fsync",
            "--log-level=warn",
        ]

    def _server_command(self) -> list[str]:
        files = self.credentials
        return [
            program("kube-apiserver"),
            f"--etcd-servers={self._etcd_url}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={self.port}",
            f"--tls-cert-file={files.server_certificate}",
            f"--tls-private-key-file={files.server_key}",
            f"--client-ca-file={files.ca}",
            f"--token-auth-file={files.tokens}",
            "--authorization-mode=RBAC",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={files.service_account_public_key}",
            f"--service-account-signing-key-file={files.service_account_key}",
            "--service-cluster-ip-range=10.96.0.0/16",
            # It would write an EndpointSlice of its own.
            "--endpoint-reconciler-type=none",
            # History vanishes only where a test asks for it.
            "--etcd-compaction-interval=0",
            # What only a loaded or a shared API server needs.
            "--enable-priority-and-fairness=false",
            "--profiling=false",
        ]

    def _etcd_is_healthy(self) -> bool:
        self._etcd.check_running()
        with urllib.request.urlopen(f"{self._etcd_url}/health", timeout=DEADLINE) as response:
            return bool(response.status == 200)

    def _is_ready(self) -> bool:
        self._server.check_running()
        return self._answers("/readyz")

    def _has_default_namespace(self) -> bool:
        return self._answers("/api/v1/namespaces/default")

    def _answers(self, path: str) -> bool:
        try:
            self.request("GET", path)
        except KubeError:
            return False
        return True

    def _ask_etcd(self, path: str, body: Json) -> Json:
        request = urllib.request.Request(
            self._etcd_url + path, json.dumps(body).encode(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=DEADLINE) as response:
            answer: Json = json.loads(response.read())
            return answer


def transaction(objects: Mapping[str, Json]) -> Json:
    """Return a transaction of etcd that writes objects past the API server: many in no time.

    The keys are etcd's, such as `/registry/pods/shop/web-1`. Nothing is validated, and nothing set:
    copy objects that the API server has returned. At most 128, and together 1.5 MB.
    """
    puts = [
        {"requestPut": {"key": _encoded(key.encode()), "value": _encoded(_as_stored(item))}}
        for key, item in objects.items()
    ]
    return {"success": puts}


def _base64(file: Path) -> str:
    return _encoded(file.read_bytes())


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _as_stored(item: Json) -> bytes:
    """Return an object as etcd has it; the version of an object is that of its key."""
    metadata = {key: value for key, value in item["metadata"].items() if key != "resourceVersion"}
    return json.dumps({**item, "metadata": metadata}, separators=(",", ":")).encode()
