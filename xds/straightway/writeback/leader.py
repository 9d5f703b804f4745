"""The leader among the replicas: :mod:`straightway.writeback.lease` on a real Lease.

Everything that only one replica may do waits for :meth:`Leader.wait`, or listens.
"""

from __future__ import annotations

import asyncio
import random
import socket
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

import structlog

from straightway.kubernetes.errors import ApiError, UnreachableError
from straightway.kubernetes.requests import Requests
from straightway.writeback.lease import NOBODY, Election, Record, Times

_log = structlog.get_logger()

LEASE: Final = "straightway-leader"
_API_VERSION: Final = "coordination.k8s.io/v1"
_TIMES: Final = Times()
_JITTER: Final = 0.2
_RELEASE_SECONDS: Final = 2.0
_NOT_WHAT_IT_WAS: Final = (404, 409)


def identity() -> str:
    """Return a name for this process: the Pod's or the host's, and something that no other has."""
    return f"{socket.gethostname()}_{uuid.uuid4().hex[:8]}"


Listener = Callable[[bool], None]
"""Called with True when this replica starts to lead, and with False when it stops."""


class Leader:
    """Tries to lead for as long as :meth:`run` runs, and gives the Lease up at its end.

    ``identity`` must differ between all processes, ``namespace`` is that of the Lease.
    """

    def __init__(
        self,
        client: Requests,
        identity: str,
        namespace: str,
        *,
        name: str = LEASE,
        times: Times = _TIMES,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._client = client
        self._election = Election(identity, times)
        self._collection = f"/apis/{_API_VERSION}/namespaces/{namespace}/leases"
        self._name, self._namespace = name, namespace
        self._jitter = jitter
        self._listeners: list[Listener] = []
        self._leading = asyncio.Event()
        self._told: str | None = None

    @property
    def identity(self) -> str:
        """The name of this replica in the Lease."""
        return self._election.identity

    @property
    def is_leading(self) -> bool:
        """Whether this replica leads now."""
        return self._leading.is_set() and self._election.is_leading(self._now())

    def listen(self, listener: Listener) -> None:
        """Call ``listener`` whenever this replica starts or stops to lead."""
        self._listeners.append(listener)

    async def wait(self) -> None:
        """Wait until this replica leads."""
        await self._leading.wait()

    async def run(self) -> None:
        """Acquire and renew the Lease until cancelled."""
        try:
            while True:
                asked_at = self._now()
                await self._attempt()
                self._tell()
                await self._rest(asked_at)
                self._tell()
        finally:
            await self._resign()

    # --- The Lease ---

    async def _attempt(self) -> None:
        """Read, acquire or renew the Lease; never takes longer than this replica still leads."""
        until = self._election.leads_until(self._now())
        try:
            async with asyncio.timeout_at(until):
                if self._election.must_read or not self._election.is_leading(self._now()):
                    await self._read()
                await self._write_or_read()
            self._told = None
        except TimeoutError:
            self._warn("it does not answer")
        except UnreachableError as error:
            self._warn(str(error))
        except ApiError as error:
            if error.status in _NOT_WHAT_IT_WAS:
                self._election.refused()
            else:
                self._warn(f"{error}{_remedy(error)}")

    async def _read(self) -> None:
        try:
            found = await self._ask("GET", f"{self._collection}/{self._name}")
        except ApiError as error:
            if error.status != 404:
                raise
            self._election.observed(NOBODY, self._now())
            return
        self._election.observed(_record_of(found), self._now())

    async def _write(self) -> None:
        asked_at = self._now()
        wanted = self._election.wanted(asked_at, _time_of_day())
        if wanted is None:
            return
        stored = await self._put(wanted)
        self._election.written(_record_of(stored), asked_at)

    async def _write_or_read(self) -> None:
        """Write; if the Lease is not what it was, look at once whose it is: it may be another's."""
        try:
            await self._write()
        except ApiError as error:
            if error.status not in _NOT_WHAT_IT_WAS:
                raise
            self._election.refused()
            await self._read()
            await self._write()

    async def _put(self, record: Record) -> Any:
        body = self._body_of(record)
        if not record.version:
            return await self._ask("POST", self._collection, body)
        return await self._ask("PUT", f"{self._collection}/{self._name}", body)

    async def _ask(self, method: str, path: str, body: Any = None) -> Any:
        seconds = self._election.times.renew / 2
        return await self._client.request(method, path, body=body, timeout=seconds)

    async def _rest(self, asked_at: float) -> None:
        """Pause until the next attempt, or until this replica does not lead any more."""
        retry = self._election.times.retry
        now = self._now()
        rest = asked_at + retry * (1 + _JITTER * self._jitter()) - now
        if (until := self._election.leads_until(now)) is not None:
            rest = min(rest, until - now)
        await asyncio.sleep(max(0.0, rest))

    async def _resign(self) -> None:
        record = self._election.resigned(self._now(), _time_of_day())
        self._tell()
        if record is not None:
            # The next leader would only wait longer.
            with suppress(ApiError, UnreachableError, TimeoutError):
                async with asyncio.timeout(_RELEASE_SECONDS):
                    await self._put(record)

    def _body_of(self, record: Record) -> dict[str, Any]:
        metadata = {"name": self._name, "namespace": self._namespace}
        if record.version:
            metadata["resourceVersion"] = record.version
        spec: dict[str, Any] = {
            "holderIdentity": record.holder,
            "leaseDurationSeconds": record.duration,
            "acquireTime": record.acquired or None,
            "renewTime": record.renewed or None,
            "leaseTransitions": record.transitions,
        }
        return {"apiVersion": _API_VERSION, "kind": "Lease", "metadata": metadata, "spec": spec}

    # --- What is told ---

    def _tell(self) -> None:
        is_leading = self._election.is_leading(self._now())
        if is_leading == self._leading.is_set():
            return
        if is_leading:
            self._leading.set()
            _log.info("leading", identity=self.identity)
        else:
            self._leading.clear()
            _log.info("not leading any more", identity=self.identity)
        for listener in self._listeners:
            try:
                listener(is_leading)
            except Exception:  # noqa: BLE001 (the edge of our own code: logged with its cause)
                _log.exception("internal error, a listener of the leader failed")

    def _warn(self, reason: str) -> None:
        if reason != self._told:
            self._told = reason
            _log.warning("the leader's Lease cannot be kept", lease=self._name, reason=reason)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _remedy(error: ApiError) -> str:
    if error.status != 403:
        return ""
    return ": the service account needs get, create and update on leases"


def _record_of(body: Any) -> Record:
    spec, metadata = body.get("spec") or {}, body["metadata"]
    return Record(
        holder=spec.get("holderIdentity") or "",
        acquired=spec.get("acquireTime") or "",
        renewed=spec.get("renewTime") or "",
        duration=spec.get("leaseDurationSeconds") or 0,
        transitions=spec.get("leaseTransitions") or 0,
        version=metadata["resourceVersion"],
    )


def _time_of_day() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
