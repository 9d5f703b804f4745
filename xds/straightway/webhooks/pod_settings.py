"""What a Pod's annotations say of its sidecar, each within bounds."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final

from straightway.api.texts import one_of, quoted
from straightway.webhooks.admission import Cause

PREFIX: Final = "straightway.dev/proxy-"
CPU: Final = f"{PREFIX}cpu"
CPU_LIMIT: Final = f"{PREFIX}cpu-limit"
MEMORY: Final = f"{PREFIX}memory"
MEMORY_LIMIT: Final = f"{PREFIX}memory-limit"
LOG_LEVEL: Final = f"{PREFIX}log-level"
HOSTS: Final = f"{PREFIX}hosts"

_LOG_LEVELS = ("trace", "debug", "info", "warning", "error", "critical", "off")
_MOST_HOSTS = 64

# https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
_QUANTITY = re.compile(r"(\d{1,15}(?:\.\d{1,9})?)(m|k|M|G|Ki|Mi|Gi)?")
_FACTORS: Mapping[str | None, float] = {
    None: 1,
    "m": 1e-3,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
}
# Only names of Services, whose endpoints are addresses. Envoy would find the loopback address for
# the name of a host outside, and send itself what it sends there.
_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(\.{_LABEL}(\.svc(\.cluster\.local)?)?)?")


@dataclass(frozen=True, slots=True)
class PodSettings:
    """A sidecar's resources, as Kubernetes quantities, its log level, and whom it is called for.

    ``hosts`` are names of Services that the Pod's containers are to resolve to the sidecar.
    """

    cpu: str = "100m"
    cpu_limit: str | None = None
    memory: str = "128Mi"
    memory_limit: str = "1Gi"
    log_level: str = "warning"
    hosts: tuple[str, ...] = ()

    def resources(self) -> dict[str, dict[str, str]]:
        """Return a container's ``resources``."""
        limits = {"memory": self.memory_limit}
        if self.cpu_limit is not None:
            limits["cpu"] = self.cpu_limit
        return {"requests": {"cpu": self.cpu, "memory": self.memory}, "limits": limits}


DEFAULTS: Final = PodSettings()


def settings_of(annotations: Mapping[str, Any]) -> tuple[PodSettings, tuple[Cause, ...]]:
    """Return what a Pod's annotations set, and what is wrong with them."""
    reader = _Reader(annotations)
    cpu = reader.read(CPU, _cpu)
    cpu_limit = reader.read(CPU_LIMIT, _cpu)
    memory = reader.read(MEMORY, _memory)
    memory_limit = reader.read(MEMORY_LIMIT, _memory)
    log_level = reader.read(LOG_LEVEL, _log_level)
    hosts = reader.read(HOSTS, _hosts)
    reader.check_names()
    reader.check_order(CPU, cpu, CPU_LIMIT, cpu_limit)
    reader.check_order(MEMORY, memory, MEMORY_LIMIT, memory_limit)
    settings = PodSettings(
        cpu=cpu or _lesser(DEFAULTS.cpu, cpu_limit),
        cpu_limit=cpu_limit,
        memory=memory or _lesser(DEFAULTS.memory, memory_limit),
        memory_limit=memory_limit or _greater(DEFAULTS.memory_limit, memory),
        log_level=log_level or DEFAULTS.log_level,
        hosts=tuple(hosts.split(",")) if hosts else (),
    )
    return settings, tuple(reader.causes)


@dataclass(slots=True)
class _Reader:
    """Reads annotations, and collects what is wrong with them."""

    annotations: Mapping[str, Any]
    causes: list[Cause] = field(default_factory=list)

    def read(self, name: str, parse: Callable[[str], str]) -> str | None:
        """Return an annotation's value as ``parse`` gives it, None without a valid one."""
        value = self.annotations.get(name)
        if value is None:
            return None
        try:
            return parse(str(value).strip())
        except ValueError as error:
            self.wrong(name, f"{quoted(value)} {error}.")
            return None

    def wrong(self, name: str, message: str) -> None:
        """Note what is wrong with an annotation."""
        self.causes.append(Cause(f'metadata.annotations["{name}"]', message))

    def check_names(self) -> None:
        """Note annotations that mean nothing."""
        known = [CPU, CPU_LIMIT, MEMORY, MEMORY_LIMIT, LOG_LEVEL, HOSTS]
        # All begin the same, so only their ends are compared.
        ends = {each.removeprefix(PREFIX): each for each in known}
        for name in self.annotations:
            if name.startswith(PREFIX) and name not in known:
                near = get_close_matches(name.removeprefix(PREFIX), ends, 1)
                remedy = f"did you mean {ends[near[0]]}?" if near else f"write {one_of(*known)}."
                self.wrong(name, f"There is no such annotation: {remedy}")

    def check_order(
        self, name: str, request: str | None, limit_name: str, limit: str | None
    ) -> None:
        """Note a limit below what is requested."""
        if request and limit and _number(limit) < _number(request):
            self.wrong(limit_name, f"{quoted(limit)} is less than {name}, which is {request}.")


def _cpu(text: str) -> str:
    return _within(text, "10m", "32", "a number of CPUs")


def _memory(text: str) -> str:
    return _within(text, "32Mi", "32Gi", "a number of bytes")


def _within(text: str, least: str, most: str, what: str) -> str:
    if not _QUANTITY.fullmatch(text) or not _number(least) <= _number(text) <= _number(most):
        raise ValueError(f"is not {what} from {least} to {most}")
    return text


def _number(text: str) -> float:
    digits, unit = re.fullmatch(_QUANTITY, text).groups()  # type: ignore[union-attr]
    return float(digits) * _FACTORS[unit]


def _lesser(one: str, other: str | None) -> str:
    return other if other and _number(other) < _number(one) else one


def _greater(one: str, other: str | None) -> str:
    return other if other and _number(other) > _number(one) else one


def _log_level(text: str) -> str:
    if text not in _LOG_LEVELS:
        raise ValueError(f"is no log level of Envoy: write {one_of(*_LOG_LEVELS)}")
    return text


def _hosts(text: str) -> str:
    hosts = [each.strip() for each in text.split(",") if each.strip()]
    wrong = next((each for each in hosts if not _HOST.fullmatch(each)), None)
    if wrong is not None:
        raise ValueError(
            f"has {quoted(wrong)}, which is no name of a Service: write NAME, NAME.NAMESPACE, "
            "NAME.NAMESPACE.svc or NAME.NAMESPACE.svc.cluster.local, with commas in between"
        )
    if len(hosts) > _MOST_HOSTS:
        raise ValueError(f"has {len(hosts)} names, of which {_MOST_HOSTS} are possible")
    return ",".join(dict.fromkeys(hosts))
