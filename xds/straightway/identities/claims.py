"""What a proxy's node claims, compared with what is proved.

- **Namespace**: the identity's. A node that claims another one is refused.
- **Labels**: the Pod's, whatever the node claims. It is the Pod that the token is bound to; without
  one, the Pod that the node id names, if it runs under the same service account. Without a Pod
  there are none, so no Gateway that selects by labels is for this proxy.
- Role and interception mode are as claimed: they give access to nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import grpc
from envoy.config.core.v3.base_pb2 import Node

from straightway.catalog import Catalog, keys
from straightway.discovery import RefusedError
from straightway.documents import Reference
from straightway.identities.identity import Identity
from straightway.identities.pods import pod_in, reference_of
from straightway.identities.refusals import RefusalLog
from straightway.proxies.audience import Audience, Proxy, audience_in, proxy_of_node


class ProvedKey:
    """The ``key_of`` for the streams of one identity.

    ``labels`` are those of its Pod if the catalog does not have that. ``pod`` is the Pod whose
    labels counted last.
    """

    __slots__ = ("__weakref__", "_catalog", "_identity", "_labels", "_refusals", "pod")

    def __init__(
        self,
        identity: Identity,
        catalog: Catalog,
        refusals: RefusalLog,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        self._identity = identity
        self._catalog = catalog
        self._refusals = refusals
        self._labels: Mapping[str, str] = labels or {}
        self.pod: Reference | None = None

    def __call__(self, node: Node) -> Audience:
        """Return the audience. Raises RefusedError if the node claims another namespace."""
        identity, proxy = self._identity, proxy_of_node(node)
        if proxy.claimed_namespace not in ("", identity.namespace):
            self._refuse(node, proxy)
        self.pod = self._find_pod(proxy)
        pod = pod_in(self._catalog, self.pod) if self.pod is not None else None
        if pod is not None:
            # They stay when the Pod is gone, for its proxy may still serve its last requests.
            # Others may have changed: sources keep back labels that nobody names.
            names = self._catalog.values_at(keys.LABEL_NAMES)
            labels = pod.metadata.labels.items()
            self._labels = {name: text for name, text in labels if name in names}
        proved = replace(proxy, namespace=identity.namespace, labels=self._labels)
        return audience_in(proved, self._catalog)

    def _find_pod(self, proxy: Proxy) -> Reference | None:
        identity = self._identity
        if identity.pod:
            return reference_of(identity.namespace, identity.pod)
        if not proxy.pod:
            return None
        reference = reference_of(identity.namespace, proxy.pod)
        pod = pod_in(self._catalog, reference)
        if pod is None:
            # It may be gone, and was the right one before.
            return self.pod if self.pod == reference else None
        return reference if pod.spec.service_account_name == identity.account else None

    def _refuse(self, node: Node, proxy: Proxy) -> None:
        identity, claimed = self._identity, proxy.claimed_namespace
        details = (
            f"node {node.id[:200]!r} says it is in namespace {claimed[:100]!r}, but proves to be "
            f"of service account {identity}: correct the namespace in the node id or in the "
            f"node's metadata (NAMESPACE), or show credentials of namespace {claimed[:100]!r}"
        )
        self._refusals.log(("claim", identity), details, service_account=str(identity))
        raise RefusedError(details, grpc.StatusCode.PERMISSION_DENIED)
