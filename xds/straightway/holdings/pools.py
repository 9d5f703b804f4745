"""Pools: which runtimes are asked what they hold, and how."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from straightway.documents import Reference
from straightway.documents.secrets import Sealed


class Api(StrEnum):
    """An API that tells which models a runtime holds."""

    TRITON = "triton"
    MLSERVER = "mlserver"
    KSERVE = "kserve"
    OPENAI = "openai"
    TORCHSERVE = "torchserve"
    MODELMESH = "modelmesh"
    AUTO = "auto"


class Versions(StrEnum):
    """Which values a model with versions has."""

    NONE = "none"
    """Its name, if any version is ready."""
    LATEST = "latest"
    """Its name, if the newest version that the runtime lists is ready."""
    ALL = "all"
    """Its name, and ``name/version`` for each version that is ready."""


class Target(NamedTuple):
    """One runtime: the workload behind an endpoint, and where it is asked.

    ``workload`` is the key under which its observations are kept. ``pod`` is its Pod's name, empty
    if it is none.
    """

    workload: Reference
    address: str
    port: int
    pod: str = ""


@dataclass(frozen=True, slots=True)
class Access:
    """How to connect: by TLS if ``tls``, verified by ``ca`` (PEM; None: the system's authorities).

    ``server_name`` is the name that the certificate must have, empty for the address. ``token`` is
    sent as a bearer token; it appears in no text form.
    """

    tls: bool = False
    ca: bytes | None = None
    server_name: str = ""
    token: Sealed | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """How the runtimes of a pool are asked; times in seconds.

    ``key`` is the subset key whose values their models are. A runtime that stops answering keeps
    what it held until ``stale_after``; it counts as failing after ``failure_threshold`` failures in
    a row. ``strip`` is a prefix to leave out of names.
    """

    key: str
    api: Api
    interval: float = 1.0
    timeout: float = 5.0
    failure_threshold: int = 3
    stale_after: float = 60.0
    strip: str = ""
    versions: Versions = Versions.NONE
    access: Access = Access()
    etcd: str = ""
    """The URL of ModelMesh's etcd, with its root path."""


@dataclass(frozen=True, slots=True)
class Pool:
    """The runtimes that one ModelDiscovery names."""

    discovery: Reference
    settings: Settings
    targets: tuple[Target, ...]
