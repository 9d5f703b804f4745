"""What was emitted of each object of a cluster: whether a new version of it is news.

Of most kinds a digest is remembered: a second copy of the bodies would be most of the memory.

Labels and annotations change all the time: heartbeats, what tools note, what was applied. They are
news if somebody reads them. Which of a **workload** (Pod, WorkloadEntry) are read depends on the
config, so it is told (:meth:`Contents.count`), and may change. A version in which only others
differ is kept *quietly*: encoded, for the day when one of them counts. Of all other kinds it is
known which are read.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from straightway.documents.secrets import Sealed
from straightway.kubernetes.resources import Body, Resource

_Texts = Mapping[str, str]

OURS: Final = "straightway.dev/"
"""How the names of our own labels and annotations begin: they always count."""
LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
"""A copy of what was applied, which tells what the API server has dropped of an object."""
SERVICE_NAME: Final = "kubernetes.io/service-name"
"""The label that says whose endpoints an EndpointSlice has."""
_READ: Final = {True: frozenset({SERVICE_NAME}), False: frozenset({LAST_APPLIED})}
"""What is read of kinds other than workloads: of core kinds, and of the others."""
_FIELDS: Final = ("labels", "annotations")
_WORKLOADS: Final = frozenset({"Pod", "WorkloadEntry"})

_encode = msgspec.json.Encoder(enc_hook=lambda value: _digest(value)).encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Version(NamedTuple):
    """A version of an object; ``key`` is ``namespace/name``, ``is_small``: its JSON is short."""

    resource: Resource
    key: str
    number: str
    is_small: bool

    @property
    def bundle(self) -> str:
        """The key of the object's bundle: ``pods/shop/runtime-1``."""
        return f"{self.resource}/{self.key}"


class _Said(NamedTuple):
    """The labels and annotations of a workload, as they were emitted."""

    labels: _Texts
    annotations: _Texts

    def differing(self, other: _Said) -> set[str]:
        """Return the names of those that another version does not have, or has otherwise."""
        pairs = self.labels.items() ^ other.labels.items()
        pairs |= self.annotations.items() ^ other.annotations.items()
        return {name for name, _ in pairs}


class _Quiet(NamedTuple):
    """A version that is newer than what was emitted; ``differing`` are the names that differ."""

    version: Version
    body: bytes
    differing: frozenset[str]


class Contents:
    """Remembers what was emitted, by the key of the bundle, and what is newer and does not count.

    Until :meth:`count` is called, all labels and annotations of workloads count.
    """

    def __init__(self) -> None:
        self._names: frozenset[str] | None = None
        self._digests: dict[str, int] = {}
        self._said: dict[str, _Said] = {}
        self._quiet: dict[str, _Quiet] = {}

    def __contains__(self, bundle: str) -> bool:
        """Whether an object was emitted and is not gone."""
        return bundle in self._digests

    def came(self, version: Version, body: Body) -> bool:
        """Note a version of an object; return whether it is to be emitted."""
        bundle = version.bundle
        if version.resource.kind not in _WORKLOADS:
            read = _READ[version.resource.is_core]
            labels, annotations = (_only(_texts(body, each), read) for each in _FIELDS)
            digest = _digest_of(body, labels, annotations)
            is_news = self._digests.get(bundle) != digest
            self._digests[bundle] = digest
            return is_news
        digest, now = _digest_of(body), _said_in(body)
        self._quiet.pop(bundle, None)
        if self._digests.get(bundle) == digest:
            differing = self._said[bundle].differing(now)
            if not differing:
                return False
            if not self._any_counts(differing):
                self._quiet[bundle] = _Quiet(version, _encode(body), frozenset(differing))
                return False
        self._emitted(bundle, digest, now)
        return True

    def went(self, bundle: str) -> bool:
        """Forget an object; return whether it was emitted."""
        self._said.pop(bundle, None)
        self._quiet.pop(bundle, None)
        return self._digests.pop(bundle, None) is not None

    def count(self, names: Iterable[str]) -> list[str]:
        """Let labels and annotations of workloads with these names count, and no others.

        A name stands for those that begin with it and a slash, too. Returns the bundles of which a
        quiet version is to be emitted now: see :meth:`release`.
        """
        self._names = frozenset(names)
        return [key for key, quiet in self._quiet.items() if self._any_counts(quiet.differing)]

    def release(self, bundle: str) -> tuple[Version, Body] | None:
        """Return the quiet version of an object, which is to be emitted; None if it has none."""
        quiet = self._quiet.pop(bundle, None)
        if quiet is None:
            return None
        body = _decode(quiet.body)
        self._emitted(bundle, self._digests[bundle], _said_in(body))
        return quiet.version, body

    def _emitted(self, bundle: str, digest: int, said: _Said) -> None:
        self._digests[bundle] = digest
        # Whoever keeps the object shares the texts, too.
        self._said[bundle] = _Said(_shared(said.labels), _shared(said.annotations))

    def _any_counts(self, names: Collection[str]) -> bool:
        return self._names is None or any(_is_named(name, self._names) for name in names)


def _is_named(name: str, names: Collection[str]) -> bool:
    """Whether a label or annotation counts: by its name, or as one value of several."""
    if name.startswith(OURS):
        return True
    while name and name not in names:
        name = name.rpartition("/")[0]
    return bool(name)


def _said_in(body: Body) -> _Said:
    # Of workloads nobody reads what was applied, and it may be long.
    annotations = _texts(body, "annotations")
    if LAST_APPLIED in annotations:
        annotations = {name: text for name, text in annotations.items() if name != LAST_APPLIED}
    return _Said(_texts(body, "labels"), annotations)


def _texts(body: Body, field: str) -> _Texts:
    return body["metadata"].get(field) or {}


def _only(texts: _Texts, names: Collection[str]) -> _Texts:
    """Return the labels or annotations that count."""
    return {name: text for name, text in texts.items() if _is_named(name, names)}


def _digest_of(body: Body, labels: _Texts | None = None, annotations: _Texts | None = None) -> int:
    """Return a digest of a body, with these labels and annotations in place of its own."""
    metadata = {**body["metadata"], "labels": labels, "annotations": annotations}
    return hash(_encode({**body, "metadata": metadata}))


def _shared(texts: _Texts) -> _Texts:
    return {sys.intern(name): sys.intern(text) for name, text in texts.items()}


def _digest(value: object) -> str:
    """Stand for a sealed value where bodies are compared."""
    assert isinstance(value, Sealed)
    return value.digest.hex()
