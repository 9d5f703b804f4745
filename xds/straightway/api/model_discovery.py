"""ModelDiscovery: asks the runtimes of a service which models they hold."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import PlainValidator, WithJsonSchema

from straightway.api.checked import AnyCase, Checked
from straightway.api.codes import Code
from straightway.api.durations import PositiveDuration
from straightway.api.faults import Fault, wrong
from straightway.api.model import CheckedModel, Model
from straightway.api.objects import IstioObject
from straightway.api.texts import quoted, shown
from straightway.api.values import Host, Int, not_empty, within

_PORT_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_ETCD = re.compile(r"https?://[^\s/@]+(?:/\S*)?")
_SHORTEST = timedelta(milliseconds=100)


def _text(longest: int) -> Checked:
    """Return the check that a text is not empty, and not too long."""

    def check(value: str) -> str:
        if 0 < len(value) <= longest:
            return value
        message = f"This has {len(value):,} characters: write 1 to {longest:,}."
        raise wrong(Code.OUT_OF_RANGE, message)

    return Checked(check, minLength=1, maxLength=longest)


def _read_port(value: object) -> int | str:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if is_number and 1 <= value <= 65535:  # type: ignore[operator]
        return value  # type: ignore[return-value]
    if isinstance(value, str) and _PORT_NAME.fullmatch(value) and not value.isdecimal():
        return value
    message = (
        f"{shown(value)} is not a port: write a number from 1 to 65535, or the name of a port of "
        "the service or Pod, such as http."
    )
    raise wrong(Code.INVALID_PORT, message)


def _check_etcd(value: str) -> str:
    if _ETCD.fullmatch(value) and len(value) <= 1024:
        return value
    message = f"{quoted(value)} is not a URL of etcd: write http://HOST:2379/ROOT, without a user."
    raise wrong(Code.INVALID_VALUE, message)


PortOrName = Annotated[
    int | str, PlainValidator(_read_port), WithJsonSchema({"x-kubernetes-int-or-string": True})
]
Etcd = Annotated[str, Checked(_check_etcd, maxLength=1024, pattern=f"^{_ETCD.pattern}$")]


class ModelApi(StrEnum):
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


class LabelSelector(Model):
    """Chooses workloads of the same namespace by their labels."""

    match_labels: Annotated[
        dict[str, str], not_empty("name at least one label, such as {app: triton}")
    ]
    """Labels that a Pod or WorkloadEntry must have."""


class Names(Model):
    """From the names that a runtime lists to the values that requests have."""

    strip: Annotated[str, _text(256)] | None = None
    """A prefix to leave out: with `models/`, the model `models/iris` is `iris`."""
    versions: Annotated[Versions, AnyCase(str.lower)] = Versions.NONE
    """Which versions count. none (the default): the name, if any version is ready. latest: the
    name, if the newest version that the runtime lists is ready. all: the name, and name/version for
    each version that is ready.
    """


class Tls(Model):
    """TLS towards the runtimes."""

    server_name: Host | None = None
    """The name that the runtimes' certificates have; the address without it."""


class ModelDiscoverySpec(CheckedModel):
    """Which runtimes are asked, and how."""

    service: Annotated[str, _text(253)] | None = None
    """The service whose endpoints are asked: a name, or a host of a ServiceEntry, of the same
    namespace. Write this or workloadSelector.
    """
    workload_selector: LabelSelector | None = None
    """The Pods and WorkloadEntries that are asked, by their labels."""
    key: Annotated[str, _text(316)] | None = None
    """The dynamic subset key whose values the models are; without it, the only key of the service's
    DestinationRule.
    """
    api: Annotated[ModelApi, AnyCase(str.lower)] = ModelApi.AUTO
    """The API of the runtimes; auto (the default) finds out."""
    port: PortOrName | None = None
    """The port at which the runtimes are asked: a number, or the name of a port of the service or
    Pod. Without it, the usual port of the API; for auto, the service's first port.
    """
    interval: PositiveDuration = timedelta(seconds=1)
    """How often each runtime is asked; at least 100ms, 1s without it."""
    timeout: PositiveDuration = timedelta(seconds=5)
    """How long a runtime may take to answer; 5s without it."""
    failure_threshold: Annotated[Int, within(1, 1000)] = 3
    """After how many failures in a row a runtime counts as not answering; 3 without it."""
    stale_after: PositiveDuration = timedelta(minutes=1)
    """For how long a runtime that does not answer keeps what it held; 1m without it."""
    names: Names = Names()
    """From the names that a runtime lists to the values that requests have."""
    tls: Tls | None = None
    """Asks by TLS. The runtimes' certificates are verified by the Secret's authorities, or else the
    system's.
    """
    credential_name: Annotated[str, _text(253)] | None = None
    """A Secret of the same namespace with `ca.crt` (authorities), `token` (sent as a bearer token),
    or both.
    """
    etcd: Etcd | None = None
    """ModelMesh: the URL of its etcd, with the root path: `http://etcd:2379/kserve/mm/runtimes`."""

    def faults(self) -> Iterable[Fault]:
        """Yield what is wrong between the fields."""
        if self.service is None and self.workload_selector is None:
            message = (
                "Name the runtimes: write service: NAME, or workloadSelector with matchLabels."
            )
            yield Fault(Code.MISSING_FIELD, message, ("service",))
        if self.service is not None and self.workload_selector is not None:
            message = "Write either service or workloadSelector, not both."
            yield Fault(Code.CONFLICTING_FIELDS, message, ("workloadSelector",))
        if self.workload_selector is not None and self.key is None:
            message = (
                "With workloadSelector there is no service whose rule has a key: write key: model, "
                "or the dynamic subset key that you use."
            )
            yield Fault(Code.MISSING_FIELD, message, ("key",))
        yield from self._port_faults()
        yield from self._duration_faults()

    def _port_faults(self) -> Iterable[Fault]:
        is_auto = self.api is ModelApi.AUTO
        if is_auto and self.port is None and self.workload_selector is not None:
            message = "With api: auto the port is not known: write port, a number or a name."
            yield Fault(Code.MISSING_FIELD, message, ("port",))
        if self.api is ModelApi.MODELMESH and not self.etcd:
            message = "ModelMesh keeps its registry in etcd: write etcd: http://HOST:2379/ROOT."
            yield Fault(Code.MISSING_FIELD, message, ("etcd",))

    def _duration_faults(self) -> Iterable[Fault]:
        if self.interval < _SHORTEST:
            message = 'Runtimes are asked at most ten times a second: write "100ms" or more.'
            yield Fault(Code.OUT_OF_RANGE, message, ("interval",))
        if self.stale_after < self.interval:
            message = (
                "This is shorter than the interval, so a runtime would hold nothing between two "
                f"answers: write more than {quoted(f'{self.interval.total_seconds():g}s')}."
            )
            yield Fault(Code.OUT_OF_RANGE, message, ("staleAfter",))


class ModelDiscovery(IstioObject):
    """Asks the runtimes of a service which models they hold."""

    spec: ModelDiscoverySpec
    """Which runtimes are asked, and how."""
