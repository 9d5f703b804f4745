"""WorkloadEntry: one workload outside Kubernetes, or one process of several on one address."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from straightway.api.model import Model, Untranslated
from straightway.api.objects import IstioObject
from straightway.api.values import Host, Int, Port, none_as_empty_dict, within

Weight = Annotated[
    Int, within(0, 1_000_000, what="a weight"), AfterValidator(lambda weight: weight or None)
]
# Envoy adds up the weights of a locality's endpoints in 32 bits.


class WorkloadEntrySpec(Model):
    """The workload itself; a ServiceEntry's ``endpoints`` have the same schema.

    ``ports`` maps the name of a service's port to this workload's own port number. ``weight`` is
    relative to that of other workloads; None or 0 means 1. ``locality`` is ``region/zone/subzone``.
    """

    address: Host
    """The workload's IP address, or a DNS name where the service's resolution is DNS."""
    ports: dict[str, Port] = Field(default_factory=dict)
    """Name of a service's port → the workload's own port number."""
    labels: Annotated[dict[str, str], BeforeValidator(none_as_empty_dict)] = Field(
        default_factory=dict
    )
    """The workload's labels, which selectors and subsets read."""
    network: Annotated[
        None,
        Untranslated("the workload is called at its own address, not through a gateway", ("",)),
    ] = None
    locality: str = ""
    """Where it runs: `region/zone/subzone`."""
    weight: Weight | None = None
    """Its share of requests, relative to other workloads; 0 or nothing means 1."""
    service_account: Annotated[
        None, Untranslated("the workload's identity is not checked", ("",))
    ] = None


class WorkloadEntry(IstioObject):
    """A workload that a Service's selector or a ServiceEntry's workloadSelector can match."""

    spec: WorkloadEntrySpec
    """A workload outside Kubernetes, or one process of several on an address."""
