"""A large config: many services behind one gateway, each with dynamic subsets.

Each service has a file with its Service, its VirtualService (one host at the gateway, a header for
the subset) and its DestinationRule (one selector, on the label ``model``). Its endpoints stand

- either in an EndpointSlice in the same file: the shortest YAML, without labels;
- or in a file beside it, as WorkloadEntries with labels: what dynamic subsets need.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from tests.support.config_folder import ConfigFolder
from tests.support.objects import gateway

NAMESPACE = "models"
SELECTOR = {"istio": "ingressgateway"}


class Endpoints(StrEnum):
    """What the endpoints of a service are written as."""

    SLICES = "EndpointSlices"
    WORKLOADS = "WorkloadEntries"


def write_config(
    folder: Path, kind: Endpoints, *, port: int, services: int, endpoints: int
) -> ConfigFolder:
    """Write the config for a gateway on ``port``."""
    config = ConfigFolder(folder)
    config.write("gateway.yaml", gateway("gateway", NAMESPACE, selector=SELECTOR, ports=[port]))
    for service in range(services):
        documents = [_service(service)]
        if kind is Endpoints.SLICES:
            documents.append(_endpoint_slice(service, endpoints))
        else:
            config.write(workloads_file(service), workloads_text(service, endpoints))
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


def _service(service: int) -> str:
    name = f"service-{service:04}"
    return f"""\
apiVersion: v1
kind: Service
metadata:
  name: {name}
  namespace: {NAMESPACE}
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
  namespace: {NAMESPACE}
spec:
  hosts:
  - {name}.example.com
  gateways:
  - gateway
  http:
  - name: default
    headerToDynamicSubsetKey:
    - header: model
      key: model
    match:
    - uri:
        prefix: /
    route:
    - destination:
        host: {name}
        port:
          number: 8033
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: {name}
  namespace: {NAMESPACE}
spec:
  host: {name}
  trafficPolicy:
    loadBalancer:
      dynamicSubset:
        subsetSelectors:
        - fallbackPolicy: ANY_ENDPOINT
          keys:
          - model
"""


def _endpoint_slice(service: int, endpoints: int) -> str:
    name = f"service-{service:04}"
    head = f"""\
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: {name}-1
  namespace: {NAMESPACE}
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
    namespace: {NAMESPACE}
"""
        for index in range(endpoints)
    )


def workloads_text(service: int, endpoints: int, *, first_model: str = "model-0") -> str:
    """Return the WorkloadEntries of a service; the first of them holds ``first_model``."""
    models = [first_model, *(f"model-{index}" for index in range(1, endpoints))]
    return "---\n".join(
        _workload_entry(service, index, model) for index, model in enumerate(models)
    )


def _workload_entry(service: int, index: int, model: str) -> str:
    name = f"service-{service:04}"
    return f"""\
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata:
  name: {name}-{index}
  namespace: {NAMESPACE}
spec:
  address: {_address(service, index)}
  labels:
    app: {name}
    model: {model}
"""


def _address(service: int, index: int) -> str:
    return f"10.{service // 250}.{service % 250}.{index + 1}"
