"""A large config: many services behind one gateway, each with dynamic subsets.

Each service has a file with its Service, its VirtualService (one host at the gateway, a header for
the subset) and its DestinationRule (one selector, on the label ``model``). Its endpoints stand

- either in an EndpointSlice in the same file: the shortest YAML, without labels;
- or in a file beside it, as WorkloadEntries with labels: what dynamic subsets need.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.support.config_folder import ConfigFolder
from tests.support.objects import gateway

NAMESPACE = "models"
SELECTOR = {"istio": "ingressgateway"}


class Endpoints(StrEnum):
    """The form of a service's endpoints."""

    SLICES = "EndpointSlices"
    WORKLOADS = "WorkloadEntries"


def one_namespace(_service: int) -> str:
    """Return the namespace of a service if all share one."""
    return NAMESPACE


@dataclass(frozen=True, slots=True)
class Form:
    """The namespaces of the services, and the form of their VirtualServices and DestinationRules.

    ``mesh``: the VirtualServices also route for sidecars, by the service's own name. ``warned``:
    each of these objects has an untranslated field and so a warning.
    """

    namespace_of: Callable[[int], str] = one_namespace
    mesh: bool = False
    warned: bool = False


PLAIN = Form()


def write_config(
    folder: Path,
    kind: Endpoints,
    *,
    port: int,
    services: int,
    endpoints: int,
    form: Form = PLAIN,
) -> ConfigFolder:
    """Write the config for a gateway on ``port``."""
    config = ConfigFolder(folder)
    config.write("gateway.yaml", gateway("gateway", NAMESPACE, selector=SELECTOR, ports=[port]))
    for service in range(services):
        namespace = form.namespace_of(service)
        documents = [service_text(service, form)]
        if kind is Endpoints.SLICES:
            documents.append(_endpoint_slice(service, endpoints, namespace))
        else:
            text = workloads_text(service, endpoints, namespace=namespace)
            config.write(workloads_file(service), text)
        config.write(service_file(service), *documents)
    return config


def service_file(service: int) -> str:
    """Return the name of a service's file."""
    return f"service-{service:04}.yaml"


def workloads_file(service: int) -> str:
    """Return the name of the file with a service's WorkloadEntries."""
    return f"workloads-{service:04}.yaml"


def cluster_name(service: int) -> str:
    """Return the name of a service's cluster."""
    return f"outbound|8033||service-{service:04}.{NAMESPACE}.svc.cluster.local"


def service_text(service: int, form: Form = PLAIN, *, prefix: str = "/") -> str:
    """Return a service's Service, VirtualService (for a prefix of the path) and DestinationRule."""
    name, namespace = f"service-{service:04}", form.namespace_of(service)
    mesh_host = f"  - {name}\n" if form.mesh else ""
    mesh = "  - mesh\n" if form.mesh else ""
    mirror = f"    mirror:\n      host: {name}\n" if form.warned else ""
    tunnel = "    tunnel:\n      targetHost: proxy.example.com\n" if form.warned else ""
    return f"""\
apiVersion: v1
kind: Service
metadata:
  name: {name}
  namespace: {namespace}
spec:
  selector:
    app: {name}
  ports:
  - name: grpc
    port: 8033
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: {name}
  namespace: {namespace}
spec:
  hosts:
  - {name}.example.com
{mesh_host}  gateways:
  - {NAMESPACE}/gateway
{mesh}  http:
  - name: default
    headerToDynamicSubsetKey:
    - header: model
      key: model
    match:
    - uri:
        prefix: {prefix}
    route:
    - destination:
        host: {name}
        port:
          number: 8033
{mirror}---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: {name}
  namespace: {namespace}
spec:
  host: {name}
  trafficPolicy:
{tunnel}    loadBalancer:
      dynamicSubset:
        subsetSelectors:
        - fallbackPolicy: ANY_ENDPOINT
          keys:
          - model
"""


def _endpoint_slice(service: int, endpoints: int, namespace: str) -> str:
    name = f"service-{service:04}"
    head = f"""\
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: {name}-1
  namespace: {namespace}
  labels:
    kubernetes.io/service-name: {name}
addressType: IPv4
ports:
- name: grpc
  port: 8033
  protocol: TCP
endpoints:
"""
    return head + "".join(
        f"""\
- addresses:
  - {_address(service, index)}
  conditions:
    ready: true
  targetRef:
    kind: Pod
    name: {name}-{index}
    namespace: {namespace}
"""
        for index in range(endpoints)
    )


def workloads_text(
    service: int, endpoints: int, *, first_model: str = "model-0", namespace: str = NAMESPACE
) -> str:
    """Return the WorkloadEntries of a service; the first of them holds ``first_model``."""
    models = [first_model, *(f"model-{index}" for index in range(1, endpoints))]
    return "---\n".join(
        _workload_entry(service, index, model, namespace) for index, model in enumerate(models)
    )


def _workload_entry(service: int, index: int, model: str, namespace: str) -> str:
    name = f"service-{service:04}"
    return f"""\
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata:
  name: {name}-{index}
  namespace: {namespace}
spec:
  address: {_address(service, index)}
  labels:
    app: {name}
    model: {model}
"""


def _address(service: int, index: int) -> str:
    return f"10.{service // 250}.{service % 250}.{index + 1}"
