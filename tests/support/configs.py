"""Config as YAML, and the bundles, catalogs and messages that result from it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import yaml

from straightway.catalog import Catalog
from straightway.documents import Bundle, Document, Origin, Problem
from straightway.intake import Intake
from straightway.offline.review import review


@dataclass(frozen=True)
class PathOrigin(Origin):
    """An origin that shows its file and the requested path."""

    file: str

    def at(self, path: tuple[str | int, ...] = ()) -> str:
        return ":".join([self.file, *([".".join(map(str, path))] if path else [])])

    def written(self, path: tuple[str | int, ...] = ()) -> str | None:
        return None


def documents(text: str, file: str = "config.yaml") -> tuple[Document, ...]:
    """Return the documents of a YAML text."""
    bodies = yaml.safe_load_all(textwrap.dedent(text))
    return tuple(Document(body, PathOrigin(file)) for body in bodies if body)


def bundle(text: str, key: str = "config.yaml", *, complete: bool = True) -> Bundle:
    """Return the bundle of one file."""
    return Bundle(key, documents(text, key), complete=complete)


def catalog_of(*texts: str) -> Catalog:
    """The catalog of some YAML texts, in each of which there must be no error."""
    intake, catalog = Intake(), Catalog()
    catalog.change(intake.apply("test", bundles_of(texts), now=0.0).changes)
    assert [problem for problem in intake.problems() if problem.is_error] == []
    return catalog


def reviewed(*texts: str) -> tuple[Catalog, list[Problem]]:
    """Return the catalog of some YAML texts, and all their problems."""
    found = review(bundles_of(texts))
    return found.catalog, found.problems


def bundles_of(texts: Iterable[str]) -> list[Bundle]:
    """A bundle for each of some YAML texts."""
    return [bundle(text, f"config-{index}.yaml") for index, text in enumerate(texts)]


def istio(kind: str, name: str, spec: str, namespace: str = "default") -> str:
    """Return an Istio object as YAML; `spec` is YAML as well."""
    group = "istio.alibabacloud.com" if kind.startswith("ASM") else "networking.istio.io"
    return to_yaml(f"{group}/v1", kind, name, namespace, yaml.safe_load(textwrap.dedent(spec)))


def service(name: str, ports: str, namespace: str = "default", **more: Any) -> str:
    """Return a Service; `ports` are YAML flow items such as `{name: http, port: 80}`."""
    selector = more.pop("selector", {"app": name})
    spec = {"selector": selector, "ports": yaml.safe_load(f"[{ports}]"), **more}
    return to_yaml("v1", "Service", name, namespace, spec)


def entry(
    name: str,
    labels: dict[str, str],
    address: str = "10.0.0.1",
    namespace: str = "default",
    annotations: dict[str, str] | None = None,
    **more: Any,
) -> str:
    """Return a WorkloadEntry."""
    spec = {"address": address, "labels": labels, **more}
    metadata = {"name": name, "namespace": namespace, "annotations": annotations or {}}
    return yaml.safe_dump(
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "WorkloadEntry",
            "metadata": metadata,
            "spec": spec,
        }
    )


def pod(
    name: str,
    labels: dict[str, str],
    address: str | None = "10.0.0.1",
    namespace: str = "default",
    *,
    ready: bool = True,
    annotations: dict[str, str] | None = None,
    ports: dict[str, int] | None = None,
) -> str:
    """Return a running Pod."""
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    named = [{"name": port, "containerPort": number} for port, number in (ports or {}).items()]
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": name,
                "namespace": namespace,
                "labels": labels,
                "annotations": annotations or {},
            },
            "spec": {"containers": [{"name": "main", "ports": named}]},
            "status": {"podIP": address, "conditions": conditions},
        }
    )


def endpoint_slice(
    name: str,
    service_name: str,
    endpoints: str,
    ports: str = "{name: http, port: 8080}",
    namespace: str = "default",
    address_type: str = "IPv4",
) -> str:
    """Return an EndpointSlice; `endpoints` and `ports` are YAML flow items."""
    return yaml.safe_dump(
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": name,
                "namespace": namespace,
                "labels": {"kubernetes.io/service-name": service_name},
            },
            "addressType": address_type,
            "ports": yaml.safe_load(f"[{ports}]"),
            "endpoints": yaml.safe_load(f"[{endpoints}]"),
        }
    )


def to_yaml(api_version: str, kind: str, name: str, namespace: str, spec: Any) -> str:
    """Return an object as YAML."""
    metadata = {"name": name, "namespace": namespace}
    body = {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}
    return yaml.safe_dump(body, sort_keys=False)


def joined(texts: Iterable[str]) -> str:
    """Join several YAML documents into one text."""
    return "\n---\n".join(texts)


# A gateway for proxies with the label `istio: gw`, and a service to route to.
GATEWAY = istio(
    "Gateway",
    "gw",
    """
    selector: {istio: gw}
    servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]
    """,
)

WEB = service("web", "{name: http, port: 80}")
