"""Holdings: which values a workload has for a subset key, such as the models that it holds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress


def subset_values(
    key: str,
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
    observed: Iterable[str] = (),
) -> tuple[str, ...]:
    """Return a workload's values for a key, sorted: the union of four sources.

    The label ``key: value``; labels ``key/value: "true"``; an annotation ``key`` that holds a
    comma-separated or JSON list, because label values have at most 63 characters and no commas; and
    what the workload was ``observed`` to hold.
    """
    values = [labels[key]] if key in labels else []
    prefix = f"{key}/"
    for name, value in labels.items():
        if value == "true" and name.startswith(prefix):
            values.append(name[len(prefix) :])
    if key in annotations:
        values += listed_values(annotations[key])
    values += observed
    if len(values) == 1 and values[0]:  # As with most workloads.
        return (values[0],)
    return tuple(sorted({value for value in values if value}))


def listed_values(text: str) -> Iterator[str]:
    """Yield an annotation's values: a JSON list of strings and numbers, or comma-separated text."""
    items: object = None
    if text.lstrip().startswith("["):
        with suppress(ValueError, RecursionError):
            items = json.loads(text)
    if not isinstance(items, list):
        items = text.split(",")
    for item in items:
        if isinstance(item, str | int | float) and not isinstance(item, bool):
            # Text that is not valid Unicode, such as "\ud800" in JSON, cannot be sent.
            yield str(item).strip().encode(errors="ignore").decode()
