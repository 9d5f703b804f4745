"""Limits: what one stream may ask for, and the refusal of more."""

from __future__ import annotations

from dataclasses import dataclass

from envoy.config.core.v3.base_pb2 import Node


class LimitExceededError(ValueError):
    """A request that asks for more than the server's limits allow."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one stream may subscribe to: names of all types together, and types.

    ``names`` also limits, per type, the resources that a reconnecting client says it holds.
    ``name_length`` is in characters, of names, type URLs, node ids and node clusters. ``node_size``
    is in bytes, of the Node without its list of extensions.

    The checks raise LimitExceededError.
    """

    names: int = 100_000
    types: int = 32
    name_length: int = 4096
    node_size: int = 1 << 20

    def check_node(self, node: Node) -> None:
        """Check a stream's Node, which must be without its extensions."""
        if (size := node.ByteSize()) > self.node_size:
            raise LimitExceededError(f"a node of {size} bytes without its extensions")
        self._check_length("node id or node cluster", max(len(node.id), len(node.cluster)))

    def check_type(self, type_url: str, types: int) -> None:
        """Check a type that is asked for first, and how many there are with it."""
        if types > self.types:
            raise LimitExceededError(f"more than {self.types} resource types")
        self._check_length("type URL", len(type_url))

    def check_name(self, length: int) -> None:
        """Check the length of a resource's name."""
        self._check_length("resource name", length)

    def check_names(self, names: int) -> None:
        """Check the number of names of all types together."""
        if names > self.names:
            raise LimitExceededError(f"more than {self.names} resource names")

    def check_held(self, resources: int) -> None:
        """Check how many resources of a type a client says it holds."""
        if resources > self.names:
            raise LimitExceededError(f"more than {self.names} initial_resource_versions")

    def _check_length(self, what: str, length: int) -> None:
        if length > self.name_length:
            raise LimitExceededError(f"a {what} of {length} characters")
