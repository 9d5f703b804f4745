"""Revisions: which of several control planes in a cluster an Istio object is for.

https://istio.io/latest/docs/reference/config/labels/ (``istio.io/rev``)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

REVISION_LABEL: Final = "istio.io/rev"


def is_for(revision: str | None, labels: object) -> bool:
    """Whether an object with these labels is for a revision; None is for all objects.

    An object without the label is for every revision.
    """
    if revision is None or not isinstance(labels, Mapping):
        return True
    return bool(labels.get(REVISION_LABEL, revision) == revision)
