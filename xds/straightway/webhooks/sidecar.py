"""A sidecar: an Envoy beside the containers of a Pod.

It is a native sidecar, an init container that is always restarted (Kubernetes 1.29 and up): it is
ready before the Pod's other containers start, and ends after they have. So it needs no ``preStop``
hook: as long as anybody in the Pod can send a request, it is there to take it.

Injection needs no other object: the bootstrap is an argument of the container, and the small files
by which Envoy finds its token and the CA are annotations, which the downward API makes files of.
The Pod's name and address, which nobody knows yet, come from environment variables.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Final

import msgspec

from straightway.certificates.publishing import CONFIG_MAP
from straightway.proxies.addresses import Address
from straightway.webhooks.pod_settings import PodSettings

NAME: Final = "straightway-proxy"
"""The name of the container: a Pod that has one of this name is left as it is."""
TOKEN_VOLUME: Final = "straightway-token"  # noqa: S105 (a name)
CA_VOLUME: Final = "straightway-ca"
IMAGE: Final = "docker.io/envoyproxy/envoy:distroless-v1.40.0"

ADMIN = Address("127.0.0.1", 15000)
READINESS = Address("0.0.0.0", 15021)  # noqa: S104 (for the kubelet)
METRICS = Address("0.0.0.0", 15090)  # noqa: S104 (for Prometheus)
PORTS: Final = frozenset({ADMIN.port, READINESS.port, METRICS.port})
"""The ports that it takes of the Pod, beside those of the mesh's services on the loopback."""

_TOKEN_FOLDER = "/var/run/secrets/straightway"  # noqa: S105 (a path)
_CA_FOLDER = "/var/run/secrets/straightway-ca"
_USER = 65532
"""That of the image; any other works."""
_NODE = "sidecar~$(POD_IP)~$(POD_NAME).$(POD_NAMESPACE)~$(POD_NAMESPACE).svc.cluster.local"
_START_SECONDS = 600

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SidecarSettings:
    """What all sidecars have in common.

    ``bootstrap`` is Envoy's, as plain data; each sidecar's node is added to it. ``secrets`` are the
    files by which it finds its secrets: name → content. ``audience`` is that of the token by which
    the control plane knows the Pod.
    """

    bootstrap: Mapping[str, Any] = field(repr=False)
    secrets: Mapping[str, str] = field(repr=False)
    image: str = IMAGE
    audience: str = "straightway"

    def annotations(self) -> dict[str, str]:
        """Return the annotations that hold the files."""
        return {_annotation(file): content for file, content in self.secrets.items()}


def sidecar_settings(
    xds: Address, *, image: str = IMAGE, audience: str = "straightway", plain: bool = False
) -> SidecarSettings:
    """Return the settings of sidecars whose control plane is at ``xds``.

    ``plain`` is without TLS and without a token. The first call imports the classes of Envoy's
    bootstrap, which takes half a second.
    """
    from straightway.proxies.bootstrap import Node, make_bootstrap, to_dict
    from straightway.proxies.kubelet import KubeletListeners
    from straightway.proxies.xds_tls import XdsTls, secret_files

    files = XdsTls(
        authorities=PurePosixPath(f"{_CA_FOLDER}/ca.crt"),
        secrets=PurePosixPath(_TOKEN_FOLDER),
        token=PurePosixPath(f"{_TOKEN_FOLDER}/token"),
    )
    message = make_bootstrap(
        Node("sidecar"),
        xds,
        admin=ADMIN,
        tls=None if plain else files,
        kubelet=KubeletListeners(readiness=READINESS, metrics=METRICS),
    )
    bootstrap = to_dict(message)
    del bootstrap["node"]
    secrets = {name: json.dumps(json.loads(text)) for name, text in secret_files(files).items()}
    return SidecarSettings(bootstrap, secrets, image, audience)


def container(
    settings: SidecarSettings,
    own: PodSettings,
    namespace: str,
    labels: Mapping[str, str],
    ports: Iterable[int],
) -> Json:
    """Return the container, for a Pod whose containers listen on ``ports``."""
    # Nothing redirects the application's traffic: it calls the loopback address.
    metadata = {
        "NAMESPACE": namespace,
        "LABELS": dict(labels),
        "INTERCEPTION_MODE": "NONE",
        "OWN_PORTS": ",".join(map(str, sorted({*ports, *PORTS}))),
    }
    bootstrap = {"node": {"metadata": metadata}, **settings.bootstrap}
    # In an argument, Kubernetes takes $$ for $.
    text = msgspec.json.encode(bootstrap).decode().replace("$", "$$")
    application = labels.get("app.kubernetes.io/name") or labels.get("app") or "$(POD_NAME)"
    return {
        "name": NAME,
        "image": settings.image,
        "restartPolicy": "Always",
        "args": [
            *("--config-yaml", text),
            *("--service-node", _NODE),
            *("--service-cluster", f"{application}.$(POD_NAMESPACE)"),
            *("--log-level", own.log_level),
            *("--concurrency", "2"),
            # There is no second Envoy to hand over to, and no memory to share with it.
            "--disable-hot-restart",
        ],
        "env": [
            _from_pod("POD_NAME", "metadata.name"),
            _from_pod("POD_NAMESPACE", "metadata.namespace"),
            _from_pod("POD_IP", "status.podIP"),
        ],
        "ports": [{"name": "envoy-metrics", "containerPort": METRICS.port, "protocol": "TCP"}],
        "resources": own.resources(),
        # Restarting a sidecar that waits for its control plane would not help it. The other
        # containers wait with it: without config, none of their requests would be answered.
        "startupProbe": _probe(periodSeconds=1, failureThreshold=_START_SECONDS),
        "readinessProbe": _probe(periodSeconds=5, failureThreshold=3),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "privileged": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumeMounts": [
            {"name": TOKEN_VOLUME, "mountPath": _TOKEN_FOLDER, "readOnly": True},
            {"name": CA_VOLUME, "mountPath": _CA_FOLDER, "readOnly": True},
        ],
    }


def volumes(settings: SidecarSettings) -> list[Json]:
    """Return the volumes that the container mounts: its token, and the control plane's CA."""
    token = {"audience": settings.audience, "expirationSeconds": 3600, "path": "token"}
    files = [
        {"path": file, "fieldRef": {"fieldPath": f"metadata.annotations['{_annotation(file)}']"}}
        for file in settings.secrets
    ]
    sources = [{"serviceAccountToken": token}, {"downwardAPI": {"items": files}}]
    return [
        {"name": TOKEN_VOLUME, "projected": {"sources": sources}},
        {"name": CA_VOLUME, "configMap": {"name": CONFIG_MAP}},
    ]


def _annotation(file: str) -> str:
    return f"straightway.dev/{file.removesuffix('.json')}"


def _from_pod(name: str, path: str) -> Json:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}


def _probe(**times: int) -> Json:
    get = {"path": "/healthz/ready", "port": READINESS.port}
    return {"httpGet": get, "timeoutSeconds": 2, **times}
