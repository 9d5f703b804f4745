"""Clusters and the endpoints behind them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from straightway.routing.policies import NO_DEMANDS, Leaving, Policy, Subsets

COMPOSITE = "composite"
"""The part of a cluster that requests go to which may leave their subset."""
ANY = "any"
"""The part that requests go to which have left their subset."""


class Resolution(StrEnum):
    """How a proxy finds the endpoints of a cluster.

    STATIC: the control plane sends them. DNS: the proxy resolves their names. NONE: there are none,
    and requests go to their original destination.
    """

    STATIC = "STATIC"
    DNS = "DNS"
    NONE = "NONE"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A group of endpoints with one policy: a service's port, or a named subset of it.

    ``assignment`` names the assignment of its endpoints, empty for its own name. ``is_http`` and
    ``speaks_http2`` give the declared protocol of the port; if it is not HTTP, the proxy uses the
    client's protocol.
    """

    name: str
    resolution: Resolution = Resolution.STATIC
    is_http: bool = True
    speaks_http2: bool = False
    policy: Policy = NO_DEMANDS
    assignment: str = ""

    @property
    def found_by(self) -> Resolution:
        """The effective discovery: the policy may pass requests through."""
        return Resolution.NONE if self.policy.passes_through else self.resolution

    @property
    def subsets(self) -> Subsets | None:
        """The dynamic subsets; a cluster without endpoints of its own has none."""
        return None if self.found_by is Resolution.NONE else self.policy.subsets

    @property
    def leaving(self) -> Leaving | None:
        """How requests leave their subsets; None if they never do."""
        return self.subsets.leaving if self.subsets is not None else None

    @property
    def strict(self) -> Cluster:
        """The same where an answer or a loader takes the place of a fallback."""
        subsets = self.policy.subsets
        if subsets is None or subsets.strict == subsets:
            return self
        return replace(self, policy=replace(self.policy, subsets=subsets.strict))

    @property
    def subset_keys(self) -> tuple[str, ...]:
        """The keys for which the endpoints carry values."""
        return self.subsets.keys if self.subsets else ()


class Endpoint(NamedTuple):
    """One address and port of a cluster; a tuple, because there are so many.

    ``weight`` 0 means unset; ``locality`` is ``region/zone/subzone``, empty for none. ``values``
    maps the cluster's subset keys to values; a key without values is left out.
    """

    address: str
    port: int
    weight: int = 0
    locality: str = ""
    values: tuple[tuple[str, tuple[str, ...]], ...] = ()
