"""The Kubernetes source: the objects of a cluster, a bundle for each.

- **At the start** every kind is listed before anything is called complete.
- **A change** is emitted within the same turn of the event loop, with all that came with it. A new
  version in which nothing changed that somebody reads is not (:mod:`straightway.sources.contents`).
- **While the API server is away** nothing is emitted but the problem ``api-server-unreachable``, so
  everything stays in force. It is solved once every kind gets answers again.
- **A namespace that is named and not there** is the problem ``unknown-namespace`` until it is.
- **A kind that the service account may not read** is missing from the config, with the problem
  ``kind-forbidden``. What was read of it before stays, in this run or an earlier one.
- **Secrets** are followed one by one, those that somebody wants (``want_secrets``). Nobody waits
  for them. One that may not be read is missing, with the problem ``secret-forbidden``.
- **A kind that is not installed** has no objects. Once it is, its objects are there in seconds.

Keys of bundles are like ``virtualservices.networking.istio.io/shop/checkout``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

import structlog

from straightway.documents import Bundle, Document, Origin
from straightway.kubernetes.client import Client
from straightway.kubernetes.errors import KubernetesError
from straightway.kubernetes.follower import Follower
from straightway.kubernetes.reflector import Lack
from straightway.kubernetes.resources import RESOURCES, SECRETS, Body, Resource
from straightway.kubernetes.revisions import is_for
from straightway.sources.cluster_problems import (
    forbidden,
    too_many_secrets,
    unknown_namespace,
    unreachable,
)
from straightway.sources.contents import Contents, Version
from straightway.sources.named_namespaces import watch_for_missing
from straightway.sources.outage import Outage
from straightway.sources.secrets import Found, SecretName, Secrets, name_of
from straightway.sources.update import Update

_log = structlog.get_logger()

Seen = Callable[[Resource, str, str], None]
"""Called with an object's kind, its ``namespace/name`` and its resourceVersion."""

_API_SERVER = "kubernetes:api-server"
_NAMESPACES = "kubernetes:namespaces"
_SECRETS = "kubernetes:secrets"
_AT_ONCE = 256
"""How many objects of the first listing are emitted together."""


@dataclass(frozen=True, slots=True)
class ObjectOrigin(Origin):
    """The version of an object that a document is."""

    kind: str
    key: str
    version: str

    def at(self, path: tuple[str | int, ...] = ()) -> str:
        """Return ``VirtualService/shop/checkout@4711``, whatever the path."""
        return f"{self.kind}/{self.key}@{self.version}"


class KubernetesSource:
    """Follows all supported kinds of a cluster.

    ``namespaces`` are those to read, () for all. ``revision``: of Istio's objects only those with
    the label ``istio.io/rev`` of this value, or without the label; None for all. ``earlier`` are
    the bundles, by key, that an earlier run read.
    """

    def __init__(
        self,
        client: Client,
        *,
        namespaces: Collection[str] = (),
        revision: str | None = None,
        earlier: Collection[str] = (),
    ) -> None:
        self._client = client
        self._namespaces = namespaces
        self._revision = revision
        self._earlier = earlier
        self._seen: Seen = lambda *_: None
        self._followers = [
            Follower(client, resource, namespace, self)
            for resource in RESOURCES
            for namespace in namespaces or ("",)
        ]
        self._secrets = Secrets(client, self, self._let_go)
        self._secrets_left_out = 0
        self._found: Found = lambda *_: None
        # Whether Secrets are there, as it was said last, and what is to be said.
        self._said: dict[SecretName, bool] = {}
        self._unsaid: dict[SecretName, bool | None] = {}
        self._emit: Callable[[Update], None] = lambda _: None
        self._contents = Contents()
        self._unsent: dict[str, Bundle] = {}
        self._is_flushing = False
        self._lacks: dict[Follower, Lack | None] = {}
        self._held: dict[Follower, list[str]] = {}
        self._not_installed: set[Resource] = set()
        self._outage = Outage()
        self._is_synced = self._is_announced = False

    def listen(self, seen: Seen) -> None:
        """Tell ``seen`` of every object that comes, also if nothing has changed that is kept."""
        self._seen = seen

    def want_secrets(self, names: Iterable[SecretName]) -> None:
        """Follow the Secrets with these names from now on, and no others."""
        left_out = self._secrets.want(names)
        if left_out != self._secrets_left_out:
            self._secrets_left_out = left_out
            problems = (too_many_secrets(left_out),) if left_out else ()
            self._report(Bundle(_SECRETS, problems=problems))

    def listen_for_secrets(self, found: Found) -> None:
        """Tell ``found`` whether each Secret that is wanted is there, after what it is."""
        self._found = found

    async def count_labels(self, names: Iterable[str]) -> None:
        """Let labels and annotations of workloads with these names count, and no others.

        Before that is called, all do. What was not emitted and counts now is emitted before this
        returns.
        """
        for index, bundle in enumerate(self._contents.count(names), 1):
            if (released := self._contents.release(bundle)) is not None:
                self._put(_bundle_of(*released))
            if not index % _AT_ONCE:
                self._flush()
                await asyncio.sleep(0)
        self._flush()

    async def run(self, emit: Callable[[Update], None]) -> None:
        """Emit everything, then every change, until cancelled."""
        self._emit = emit
        async with asyncio.TaskGroup() as tasks:
            for follower in self._followers:
                tasks.create_task(follower.run())
            self._secrets.run_in(tasks)
            if self._namespaces:
                missing = watch_for_missing(self._client, self._namespaces, self._tell_missing)
                tasks.create_task(missing)

    # --- What the followers find ---

    def changed(
        self, follower: Follower, key: str, version: str, body: Body, *, is_small: bool
    ) -> None:
        """Handle an object that is new or has changed."""
        bundle = f"{follower.resource}/{key}"
        self._say(follower)
        if not self._selects(follower, body):
            self._drop(bundle)
            return
        found = Version(follower.resource, key, version, is_small)
        if self._contents.came(found, body):
            self._put(_bundle_of(found, body))
        # Last, so that a mistake there costs no config.
        self._seen(follower.resource, key, version)

    def gone(self, follower: Follower, keys: Iterable[str]) -> None:
        """Handle objects that are no longer there."""
        for key in keys:
            self._drop(f"{follower.resource}/{key}")
        self._say(follower)

    def state(self, follower: Follower) -> None:
        """Handle that a kind was listed, is lacking, or is there again."""
        lack = follower.reflector.lack
        if follower.reflector.is_settled and self._lacks.get(follower, ...) is not lack:
            before = self._lacks.get(follower)
            self._lacks[follower] = lack
            self._tell_lack(follower, lack, before)
        self._say(follower)
        if not self._is_synced and all(each.reflector.is_settled for each in self._followers):
            self._is_synced = True
            self._earlier = ()
        if follower.reflector.is_settled:
            self._flush_soon()

    def failed(self, follower: Follower, error: KubernetesError) -> None:
        """Handle that the server did not answer, or refused."""
        kept = "what is known stays in force" if self._is_synced else "nothing is served yet"
        problem = unreachable(self._client.server, follower, error, kept)
        if self._outage.failed(follower, problem.message, asyncio.get_running_loop().time()):
            self._report(Bundle(_API_SERVER, problems=(problem,)))

    def answered(self, follower: Follower) -> None:
        """Handle a good answer."""
        seconds = self._outage.answered(follower, asyncio.get_running_loop().time())
        if seconds is not None:
            _log.info("API server answers again", seconds=round(seconds, 1))
            self._report(Bundle(_API_SERVER))

    def _tell_missing(self, namespaces: Iterable[str]) -> None:
        problems = tuple(map(unknown_namespace, namespaces))
        self._report(Bundle(_NAMESPACES, problems=problems))

    # --- Secrets ---

    def _say(self, follower: Follower) -> None:
        """Say whether a Secret is there, if that is known and was not said."""
        if follower.resource is not SECRETS:
            return
        name, reflector = name_of(follower), follower.reflector
        is_known = reflector.is_settled and reflector.lack is None
        is_there = bool(reflector.known) if is_known else None
        if self._said.get(name) is not is_there:
            self._unsaid[name] = is_there
            if is_there is None:
                del self._said[name]
            else:
                self._said[name] = is_there
            self._flush_soon()

    def _let_go(self, follower: Follower) -> None:
        """Forget a Secret that nobody wants any more."""
        self.answered(follower)
        if self._lacks.pop(follower, None) is Lack.FORBIDDEN:
            self._report(Bundle(f"kind:{follower}"))
        name = name_of(follower)
        self._drop(f"{SECRETS}/{name.namespace}/{name.name}")
        if self._said.pop(name, None) is not None:
            self._unsaid[name] = None
        self._flush_soon()

    # --- What is emitted ---

    def _selects(self, follower: Follower, body: Body) -> bool:
        core = follower.resource.is_core
        return core or is_for(self._revision, body["metadata"].get("labels"))

    def _drop(self, bundle: str) -> None:
        if self._contents.went(bundle):
            self._put(Bundle(bundle))

    def _put(self, bundle: Bundle) -> None:
        # In the order of the latest bundles.
        self._unsent.pop(bundle.key, None)
        self._unsent[bundle.key] = bundle
        # Nobody waits for part of the first listing.
        if self._is_synced or len(self._unsent) >= _AT_ONCE:
            self._flush_soon()

    def _report(self, bundle: Bundle) -> None:
        """Emit problems, which somebody waits for when nothing else comes."""
        self._put(bundle)
        self._flush_soon()

    def _flush_soon(self) -> None:
        if not self._is_flushing:
            self._is_flushing = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._is_flushing = False
        bundles, self._unsent = tuple(self._unsent.values()), {}
        if bundles or self._is_synced != self._is_announced:
            self._is_announced = self._is_synced
            self._emit(Update(bundles, self._is_synced))
        unsaid, self._unsaid = self._unsaid, {}
        for name, is_there in unsaid.items():
            self._found(name, is_there)

    def _tell_lack(self, follower: Follower, lack: Lack | None, before: Lack | None) -> None:
        if lack is Lack.FORBIDDEN:
            self._report(Bundle(f"kind:{follower}", problems=(forbidden(follower),)))
            within = f"{follower.namespace}/" if follower.namespace else ""
            prefix = f"{follower.resource}/{within}"
            for key in self._earlier:
                if key.startswith(prefix) and key not in self._contents:
                    self._put(Bundle(key, complete=False))
                    self._held.setdefault(follower, []).append(key)
            return
        for key in self._held.pop(follower, ()):
            # Of an earlier run, and nobody could say whether it is still there. Now it is known.
            if key not in self._contents:
                self._put(Bundle(key))
        if before is Lack.FORBIDDEN:
            self._report(Bundle(f"kind:{follower}"))
        self._tell_installed(follower.resource, is_unknown=lack is Lack.UNKNOWN_KIND)

    def _tell_installed(self, resource: Resource, *, is_unknown: bool) -> None:
        """Say once that a kind is not installed, or is now: not for each namespace."""
        if is_unknown and resource not in self._not_installed:
            self._not_installed.add(resource)
            _log.info("kind not installed", kind=str(resource), remedy="install its CRD to use it")
        elif not is_unknown and resource in self._not_installed:
            self._not_installed.remove(resource)
            _log.info("kind installed", kind=str(resource))


def _bundle_of(version: Version, body: Body) -> Bundle:
    core = version.resource.is_core
    origin = ObjectOrigin(version.resource.kind, version.key, version.number)
    document = Document(body, origin, version.is_small or core, not core, core)
    return Bundle(version.bundle, (document,))
