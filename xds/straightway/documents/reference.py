"""References: how one object names another, and how the code names all of them."""

from __future__ import annotations

from typing import NamedTuple


class Reference(NamedTuple):
    """The identity of an object; a tuple, because it is hashed and compared more than anything.

    ``group`` is the API group, empty for the core group: Istio and the Gateway API both have a
    kind ``Gateway``.
    """

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """Return it as people write it: ``VirtualService shop/checkout``."""
        return f"{self.kind} {self.namespace}/{self.name}"
