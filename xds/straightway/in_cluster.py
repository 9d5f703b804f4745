"""What a replica does in its cluster besides reading it: it may lead, and the leader writes.

The leader writes status and Events, keeps the certificate that all replicas share, publishes its
authorities in all namespaces, and tells the API server about them. All replicas answer webhooks.
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from functools import partial
from typing import Any

from straightway.certificates.publishing import AuthorityPublisher
from straightway.cluster import SOURCE, Cluster
from straightway.containment import contained
from straightway.control import Control
from straightway.discovery import DiscoveryServer
from straightway.documents import ProblemStore
from straightway.kubernetes import Client
from straightway.routing.istio.credentials import secret_reference, wanted_secrets
from straightway.sources.kubernetes import KubernetesSource
from straightway.sources.namespaces import follow_namespaces
from straightway.sources.secrets import SecretName
from straightway.units import Call
from straightway.webhooks import CaBundles, Names
from straightway.writeback import Leader, Writeback, identity, manager_of


class InCluster:
    """The work of one replica in a cluster.

    ``keeps_certificate``: replicas share a certificate that this program makes, and proxies need
    its authorities. ``answers_webhooks``: so does the API server.
    """

    def __init__(
        self,
        client: Client,
        cluster: Cluster,
        source: KubernetesSource,
        problems: ProblemStore,
        *,
        keeps_certificate: bool,
        answers_webhooks: bool,
    ) -> None:
        self._client = client
        self._cluster = cluster
        self._source = source
        self.leader = Leader(client, identity(), client.namespace)
        self.writeback: Writeback | None = None
        if cluster.writes_status:
            self.writeback = Writeback(
                client,
                self.leader,
                problems,
                source=SOURCE,
                namespaces=cluster.namespaces,
                manager=manager_of(cluster.revision),
            )
            source.listen(self.writeback.seen)
        self._publisher = AuthorityPublisher(client, self.is_leading) if keeps_certificate else None
        self._bundles: CaBundles | None = None
        if answers_webhooks and keeps_certificate:
            names = Names.of_chart(client.namespace)
            self._bundles = CaBundles(client, names, self.is_leading)

    def is_leading(self) -> bool:
        """Whether this replica may write."""
        return self.leader.is_leading

    def publish(self, authorities: bytes) -> None:
        """Let proxies and the API server know these authorities, in PEM."""
        if self._publisher is not None:
            self._publisher.use(authorities.decode())
        if self._bundles is not None:
            self._bundles.use(authorities)

    def _follow_secrets(self, control: Control) -> None:
        """Have the Secrets read that other objects name."""
        self._source.listen_for_secrets(
            lambda secret, is_there: control.looked_up(secret_reference(*secret), is_there=is_there)
        )
        # From now on a Secret that is missing is asked for, so that it will be known.
        control.catalog.asks_for_secrets = True
        control.follow(
            Call(wanted_secrets),
            lambda secrets: self._source.want_secrets(
                SecretName(each.namespace, each.name) for each in secrets
            ),
        )

    def work(
        self, control: Control, discovery: DiscoveryServer
    ) -> Iterator[Coroutine[Any, Any, None]]:
        """Yield what is to run. Without anything to write, nobody needs to lead.

        A mistake of ours in one part ends neither the others nor the control plane.
        """
        self._follow_secrets(control)
        control.follow_labels(self._source.count_labels)
        if self.writeback is None and self._publisher is None:
            return
        yield contained("leader", self.leader.run)
        if self.writeback is not None:
            yield contained("status", partial(self.writeback.run, control, discovery))
        if self._bundles is not None:
            yield contained("authorities of webhooks", self._bundles.run)
        if self._publisher is not None:
            yield contained("authorities for proxies", self._publisher.run)
            if self._cluster.namespaces:
                self._publisher.came(self._cluster.namespaces)
            else:
                yield follow_namespaces(self._client, self._publisher.came, self._publisher.went)
