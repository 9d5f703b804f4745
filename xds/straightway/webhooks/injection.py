"""Adds a sidecar to Pods that are created.

Which Pods are asked about is the MutatingWebhookConfiguration's to say: those with the label
``straightway.dev/inject: "true"``, and those without it in a namespace that has it. A Pod that
cannot have a sidecar, or has one, stays as it is; so a second time changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from straightway.api.texts import quoted
from straightway.webhooks.admission import ALLOWED, Answer, Cause, Operation, Request, ReviewError
from straightway.webhooks.pod_settings import PodSettings, settings_of
from straightway.webhooks.sidecar import (
    CA_VOLUME,
    NAME,
    PORTS,
    TOKEN_VOLUME,
    SidecarSettings,
    container,
    volumes,
)

LABEL: Final = "straightway.dev/inject"

_LOW_PORTS = {"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}
"""Lets Envoy bind a service's port 80 without privileges; of the sysctls that are safe to set."""
_LOOPBACK = "127.0.0.1"

Json = dict[str, Any]


class Injector:
    """Answers with the patch that adds a sidecar."""

    def __init__(self, settings: SidecarSettings) -> None:
        self._settings = settings

    async def __call__(self, request: Request) -> Answer:
        """Answer one request. Raises ReviewError if it cannot be read."""
        if request.operation is not Operation.CREATE or request.sub_resource:
            return ALLOWED
        body = request.body()
        if body is None:
            raise ReviewError("request.object is missing in a review of CREATE.")
        pod = _Pod(body)
        if body.get("kind") != "Pod" or not pod.is_whole or pod.label == "false" or pod.has_sidecar:
            return ALLOWED
        if reason := pod.impossible:
            return Answer(warnings=(f"No Straightway sidecar was added: {reason}.",))
        own, causes = settings_of(pod.annotations)
        causes = (*pod.conflicts(), *causes)
        if causes:
            return _denied(pod, causes)
        patch = list(_patch(self._settings, own, pod, request.namespace or "default"))
        return Answer(patch=patch)


class _Pod:
    """What counts of a Pod here. The API server validates it afterwards."""

    def __init__(self, body: Json) -> None:
        metadata, spec = _mapping(body.get("metadata")), _mapping(body.get("spec"))
        self.has_metadata = isinstance(body.get("metadata"), Mapping)
        self.name = str(metadata.get("name") or metadata.get("generateName") or "")
        self.labels: Mapping[str, str] = _mapping(metadata.get("labels"))
        self.annotations = _mapping(metadata.get("annotations"))
        self.label = self.labels.get(LABEL)
        self.metadata = metadata
        self.spec = spec
        self.security = _mapping(spec.get("securityContext"))
        self.containers = [
            *_mappings(spec.get("initContainers")),
            *_mappings(spec.get("containers")),
        ]

    @property
    def is_whole(self) -> bool:
        """Whether it has the shape of a Pod, so that a patch can be applied."""
        lists = [self.spec.get(name) for name in ("initContainers", "volumes", "hostAliases")]
        lists.append(self.security.get("sysctls"))
        are_lists = all(each is None or isinstance(each, list) for each in lists)
        return bool(self.containers) and self.has_metadata and are_lists

    @property
    def has_sidecar(self) -> bool:
        """Whether a container has the sidecar's name."""
        return any(each.get("name") == NAME for each in self.containers)

    @property
    def impossible(self) -> str:
        """Why it cannot have a sidecar; empty if it can."""
        if self.spec.get("hostNetwork"):
            return "the Pod is in its node's network, where its ports would be the node's"
        if _mapping(self.spec.get("os")).get("name") == "windows":
            return "there is none for Windows"
        return ""

    def conflicts(self) -> Iterator[Cause]:
        """Yield what of the Pod stands in the way of a sidecar."""
        if self.label not in (None, "true"):
            message = (
                f'{quoted(self.label)} means nothing here: write "true" or "false", in quotes.'
            )
            yield Cause(f'metadata.labels["{LABEL}"]', message)
        for volume in _mappings(self.spec.get("volumes")):
            if volume.get("name") in (TOKEN_VOLUME, CA_VOLUME):
                message = f"{quoted(volume['name'])} is a volume of the sidecar: rename this one."
                yield Cause("spec.volumes", message)
        for port in sorted(self.ports() & PORTS):
            yield Cause("spec.containers", f"The sidecar needs the port {port}: use another one.")

    def ports(self) -> set[int]:
        """Return the TCP ports that its containers say they listen on."""
        return {
            number
            for each in self.containers
            for port in _mappings(each.get("ports"))
            if type(number := port.get("containerPort")) is int
            and port.get("protocol", "TCP") == "TCP"
        }


def _denied(pod: _Pod, causes: tuple[Cause, ...]) -> Answer:
    lines = [f"* {cause.path}: {cause.message}" for cause in causes]
    message = "\n".join(["The Pod cannot have a Straightway sidecar:", *lines])
    return Answer(allowed=False, message=message, causes=causes, kind="Pod", name=pod.name)


def _patch(
    settings: SidecarSettings, own: PodSettings, pod: _Pod, namespace: str
) -> Iterator[Json]:
    sidecar = container(settings, own, namespace, pod.labels, pod.ports())
    if not isinstance(pod.metadata.get("annotations"), Mapping):
        yield _add("/metadata/annotations", {})
    for name, value in settings.annotations().items():
        yield _add(f"/metadata/annotations/{name.replace('/', '~1')}", value)
    # First of all, so that the other init containers can use it.
    yield from _insert(pod.spec.get("initContainers"), "/spec/initContainers", sidecar, at="0")
    held = list(pod.spec.get("volumes") or ())
    for volume in volumes(settings):
        yield from _insert(held, "/spec/volumes", volume)
        held.append(volume)
    if own.hosts:
        yield _aliases(pod.spec.get("hostAliases"), own.hosts)
    yield from _allow_low_ports(pod)


def _aliases(before: Any, hosts: tuple[str, ...]) -> Json:
    """Return the operation that has names resolve to the loopback address."""
    aliases = [dict(each) for each in _mappings(before)]
    ours = next((each for each in aliases if each.get("ip") == _LOOPBACK), None)
    if ours is None:
        aliases.append({"ip": _LOOPBACK, "hostnames": list(hosts)})
    else:
        ours["hostnames"] = list(dict.fromkeys([*(ours.get("hostnames") or ()), *hosts]))
    return _add("/spec/hostAliases", aliases)


def _allow_low_ports(pod: _Pod) -> Iterator[Json]:
    sysctls = pod.security.get("sysctls")
    if any(each.get("name") == _LOW_PORTS["name"] for each in _mappings(sysctls)):
        return
    if not isinstance(pod.spec.get("securityContext"), Mapping):
        yield _add("/spec/securityContext", {})
    yield from _insert(sysctls, "/spec/securityContext/sysctls", _LOW_PORTS)


def _insert(before: Any, path: str, value: Any, *, at: str = "-") -> Iterator[Json]:
    """Yield the operation that inserts into a list, which may be missing so far."""
    yield _add(f"{path}/{at}", value) if before else _add(path, [value])


def _add(path: str, value: Any) -> Json:
    return {"op": "add", "path": path, "value": value}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []
