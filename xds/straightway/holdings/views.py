"""Views: what is known of a pool, for status and people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from straightway.holdings.pools import Api, Target
from straightway.holdings.runtime import Runtime
from straightway.holdings.transitions import worded

MOST_ERRORS: Final = 10


class PoolView(NamedTuple):
    """What is known of a pool's runtimes.

    ``runtimes`` are those that are asked, ``answering`` those of them that answer; ``models`` and
    ``loading`` how many different values they hold, and load. ``apis`` are those that were found
    or set. ``errors`` are the last ones, by name of the runtime, of at most :data:`MOST_ERRORS`.
    """

    runtimes: int
    answering: int
    models: int
    loading: int
    apis: tuple[Api, ...]
    errors: tuple[tuple[str, str], ...]


class RuntimeView(NamedTuple):
    """What is known of a runtime: what it holds and loads, and its last error."""

    target: Target
    api: Api | None
    values: tuple[str, ...]
    loading: tuple[str, ...]
    is_answering: bool
    error: str


def pool_view(runtimes: Iterable[Runtime]) -> PoolView:
    """Return what is known of some runtimes together."""
    models, loading = set[str](), set[str]()
    asked = answering = 0
    apis = set[Api]()
    errors = []
    for runtime in runtimes:
        memory = runtime.memory
        asked += 1
        answering += memory.is_answering
        models.update(memory.values)
        loading.update(memory.loading)
        if runtime.asks.api is not None:
            apis.add(runtime.asks.api)
        if memory.error is not None:
            errors.append((runtime.name, worded(str(memory.error))))
    return PoolView(
        asked,
        answering,
        len(models),
        len(loading),
        tuple(sorted(apis)),
        tuple(sorted(errors)[:MOST_ERRORS]),
    )


def runtime_view(runtime: Runtime) -> RuntimeView:
    """Return what is known of one runtime."""
    memory = runtime.memory
    error = worded(str(memory.error)) if memory.error is not None else ""
    return RuntimeView(
        runtime.target,
        runtime.asks.api,
        memory.values,
        memory.loading,
        memory.is_answering,
        error,
    )
