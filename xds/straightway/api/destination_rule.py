"""DestinationRule: how requests are distributed over a host's endpoints, and its subsets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from straightway.api.codes import Code
from straightway.api.connection_pool import ConnectionPool
from straightway.api.faults import Fault
from straightway.api.load_balancer import LoadBalancer
from straightway.api.model import CheckedModel, Model, Untranslated
from straightway.api.objects import IstioObject
from straightway.api.outlier_detection import OutlierDetection
from straightway.api.texts import quoted
from straightway.api.values import HostPattern, not_empty


class TrafficPolicy(Model):
    """The policy for requests to a host, or to one of its subsets."""

    load_balancer: LoadBalancer | None = None
    """Which endpoint a request goes to."""
    connection_pool: ConnectionPool | None = None
    """Limits on connections and requests."""
    outlier_detection: OutlierDetection | None = None
    """When a failing endpoint is ejected for a while."""
    tls: Annotated[
        None, Untranslated("requests are sent in plain text", ({"mode": "DISABLE"},))
    ] = None
    port_level_settings: Annotated[None, Untranslated("every port has the same settings")] = None
    tunnel: Annotated[None, Untranslated("requests are not tunnelled")] = None
    proxy_protocol: Annotated[None, Untranslated("no PROXY protocol header is sent")] = None
    retry_budget: Annotated[None, Untranslated("only maxRetries limits retries")] = None


class Subset(Model):
    """A named part of a host's endpoints: those with all the labels."""

    name: Annotated[str, not_empty("give the subset a name that routes can refer to")]
    """The name by which routes refer to the subset."""
    labels: dict[str, str] = Field(default_factory=dict)
    """The labels that an endpoint must have to be part of it."""
    traffic_policy: TrafficPolicy | None = None
    """Overrides parts of the rule's policy for this subset."""


class DestinationRuleSpec(CheckedModel):
    """The policies. ``host`` is a short name, a full name, or a wildcard."""

    host: HostPattern
    """The host to which the rule applies: a short name, a full name, or a wildcard."""
    traffic_policy: TrafficPolicy | None = None
    """The policy for requests to the host."""
    subsets: tuple[Subset, ...] = ()
    """Named parts of the host's endpoints, with fixed labels; see `dynamicSubset` for those that
    come and go.
    """
    export_to: Annotated[None, Untranslated("every namespace uses this rule", (["*"],))] = None
    workload_selector: Annotated[None, Untranslated("every proxy uses this rule")] = None

    def faults(self) -> Iterable[Fault]:
        """Yield what is wrong between the fields."""
        names: set[str] = set()
        for index, subset in enumerate(self.subsets):
            if subset.name in names:
                message = f"Another subset is already named {quoted(subset.name)}: rename one."
                yield Fault(Code.DUPLICATE_VALUE, message, ("subsets", index, "name"))
            names.add(subset.name)


class DestinationRule(IstioObject):
    """Policies for the traffic to one host, after routing."""

    spec: DestinationRuleSpec
    """Policies for requests to a host, after routing."""
