"""A port of its own for each Pod, because all Pods of a test share this machine's address."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.kube import KubeServer
from tests.support.kube_client import Json
from tests.support.ports import free_port


@contextmanager
def own_ports(kube: KubeServer, namespace: str) -> Iterator[None]:
    """Give each container port of a new Pod another number, as game servers have it.

    A mutating webhook does it: a Pod's ports cannot be changed afterwards. Services find them if
    their targetPort is the port's name.
    """
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Webhook)
    server.daemon_threads = True
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    files = kube.credentials
    tls.load_cert_chain(files.server_certificate, files.server_key)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    configuration = _configuration(kube, namespace, int(server.server_address[1]))
    try:
        kube.apply(configuration)
        yield
    finally:
        # Left there, it would refuse further Pods. An API server that has ended needs no order.
        with suppress(OSError):
            kube.delete(configuration)
        server.shutdown()
        server.server_close()
        thread.join()


def container_port(pod: Json) -> int:
    """The first port of a Pod."""
    return int(pod["spec"]["containers"][0]["ports"][0]["containerPort"])


def _configuration(kube: KubeServer, namespace: str, port: int) -> Json:
    ca = base64.b64encode(kube.credentials.ca.read_bytes()).decode()
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": f"ports-{namespace}"},
        "webhooks": [
            {
                "name": "ports.example.com",
                "clientConfig": {"url": f"https://127.0.0.1:{port}/", "caBundle": ca},
                "rules": [
                    {
                        "apiGroups": [""],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE"],
                        "resources": ["pods"],
                    }
                ],
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
            }
        ],
    }


class _Webhook(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        request = asked["request"]
        patch = json.dumps(_patch(request["object"])).encode()
        response: Json = {"uid": request["uid"], "allowed": True, "patchType": "JSONPatch"}
        response["patch"] = base64.b64encode(patch).decode()
        body = json.dumps({**asked, "request": None, "response": response}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing: tests check the Pods."""


def _patch(pod: Json) -> list[dict[str, Any]]:
    return [
        {
            "op": "replace",
            "path": f"/spec/containers/{number}/ports/{index}/containerPort",
            "value": free_port(),
        }
        for number, container in enumerate(pod["spec"]["containers"])
        for index, _ in enumerate(container.get("ports", ()))
    ]
