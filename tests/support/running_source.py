"""The Kubernetes source at work on a real API server, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from straightway.kubernetes import connect
from straightway.sources import Update
from straightway.sources.kubernetes import KubernetesSource
from straightway.sources.secrets import SecretName
from tests.support.waiting import eventually

Json = dict[str, Any]


class RunningSource:
    """Follows a cluster while the context is open; settings are those of the source.

    `bodies` is what is there, `emitted` the keys of all bundles so far, `problems` the codes of
    the current problems by bundle.
    """

    def __init__(self, kubeconfig: Path, **settings: Any) -> None:
        self.bodies: dict[str, Mapping[str, Any]] = {}
        self.problems: dict[str, list[str]] = {}
        self.emitted: list[str] = []
        self.is_synced = False
        self._kubeconfig = kubeconfig
        self._settings = settings
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._failure: BaseException | None = None
        self._source: KubernetesSource | None = None
        self._thread = threading.Thread(target=self._run, name="source", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._loop is not None and self._task is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def wait_until_synced(self) -> Self:
        eventually(lambda: self._is_well() and self.is_synced, what="every kind is listed")
        return self

    def wait_for(self, *keys: str, seconds: float = 30) -> None:
        """Wait until exactly these objects are there."""
        eventually(
            lambda: self._is_well() and set(self.bodies) == set(keys),
            what=f"exactly {keys}",
            seconds=seconds,
        )

    def want_secrets(self, *names: SecretName) -> None:
        """Follow these Secrets and no others."""
        eventually(lambda: self._is_well() and self._source is not None)
        assert self._loop is not None
        assert self._source is not None
        self._loop.call_soon_threadsafe(self._source.want_secrets, names)

    def count_labels(self, *names: str) -> None:
        """Let labels and annotations with these names count; returns when what counts came."""
        assert self._loop is not None
        assert self._source is not None
        counting = self._source.count_labels(names)
        asyncio.run_coroutine_threadsafe(counting, self._loop).result(timeout=30)

    def _is_well(self) -> bool:
        if self._failure is not None:
            raise RuntimeError("the source has ended") from self._failure
        return True

    def _run(self) -> None:
        try:
            asyncio.run(self._follow())
        except asyncio.CancelledError:
            pass
        except BaseException as failure:  # noqa: BLE001 - the test's thread raises it
            self._failure = failure

    async def _follow(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        async with connect(self._kubeconfig) as client:
            self._source = KubernetesSource(client, **self._settings)
            await self._source.run(self._take)

    def _take(self, update: Update) -> None:
        for bundle in update.bundles:
            self.emitted.append(bundle.key)
            self.problems.pop(bundle.key, None)
            if bundle.problems:
                self.problems[bundle.key] = [problem.code for problem in bundle.problems]
            if bundle.documents:
                self.bodies[bundle.key] = bundle.documents[0].body
            elif bundle.complete:
                self.bodies.pop(bundle.key, None)
        self.is_synced = update.synced
