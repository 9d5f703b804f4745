"""Labels: those of a workload, and whether they are the ones that are looked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from straightway.api import Pod, WorkloadEntry


def labels_of(workload: Pod | WorkloadEntry) -> Mapping[str, str]:
    """Return a workload's labels; those of a WorkloadEntry's spec win over its metadata's."""
    labels = workload.metadata.labels
    if isinstance(workload, WorkloadEntry):
        return {**labels, **workload.spec.labels} if labels else workload.spec.labels
    return labels


def selects(pairs: Iterable[tuple[str, str]], labels: Mapping[str, str]) -> bool:
    """Whether all keys and values of a selector are among some labels; an empty one selects all."""
    return all(labels.get(key) == value for key, value in pairs)
