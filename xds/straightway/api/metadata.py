"""What every object has: identity, labels and annotations."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic.dataclasses import dataclass

from straightway.api.model import KUBERNETES
from straightway.api.spelling import misspelt, spelled
from straightway.api.values import none_as_empty_dict, none_as_empty_str

NAME_PATTERN = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"
NAME_LENGTH = 253
NAMESPACE_PATTERN = r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$"
NAMESPACE_LENGTH = 63
"""https://kubernetes.io/docs/concepts/overview/working-with-objects/names/, lengths in characters.
"""

_USED = frozenset(
    {"name", "namespace", "labels", "annotations", "creationTimestamp", "deletionTimestamp"}
)
_UNUSED = frozenset(
    {
        "clusterName",
        "deletionGracePeriodSeconds",
        "finalizers",
        "generateName",
        "generation",
        "managedFields",
        "ownerReferences",
        "resourceVersion",
        "selfLink",
        "uid",
    }
)
"""https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/"""

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""The annotation in which ``kubectl apply`` keeps a copy of what was applied."""


def without_last_applied(annotations: dict[str, str]) -> dict[str, str]:
    """Drop kubectl's copy of the whole object: it can be larger than everything that is kept."""
    if LAST_APPLIED in annotations:
        return {key: value for key, value in annotations.items() if key != LAST_APPLIED}
    return annotations


def interned(labels: dict[str, str]) -> dict[str, str]:
    """Share the texts of labels: those of thousands of Pods are mostly the same."""
    return {sys.intern(key): sys.intern(value) for key, value in labels.items()}


Labels = Annotated[dict[str, str], BeforeValidator(none_as_empty_dict), AfterValidator(interned)]
Interned = Annotated[str, AfterValidator(sys.intern)]
"""A text that many objects have."""
Annotations = Annotated[Labels, AfterValidator(without_last_applied)]

Timestamp = Annotated[
    str | None,
    BeforeValidator(lambda value: value.isoformat() if isinstance(value, datetime) else value),
]
"""RFC 3339; YAML reads it as a datetime unless it is quoted."""


@dataclass(frozen=True, slots=True, config=KUBERNETES)
class Metadata:
    """The parts of Kubernetes object metadata that are used."""

    name: Annotated[Interned, Field(pattern=NAME_PATTERN, max_length=NAME_LENGTH)]
    namespace: Annotated[
        str,
        Field(pattern=NAMESPACE_PATTERN, max_length=NAMESPACE_LENGTH),
        BeforeValidator(none_as_empty_str),
        AfterValidator(lambda namespace: sys.intern(namespace or "default")),
    ] = "default"
    labels: Labels = Field(default_factory=dict)
    annotations: Annotations = Field(default_factory=dict)
    creation_timestamp: Timestamp = None
    deletion_timestamp: Timestamp = None

    @property
    def created_at(self) -> float:
        """When the object was created (POSIX seconds); infinite if unknown."""
        return seconds_of(self.creation_timestamp)


CheckedMetadata = Annotated[Metadata, spelled(_USED, _UNUSED)]


def may_mean_another_namespace(metadata: Mapping[str, object]) -> bool:
    """Whether a field was meant to be the namespace: the object is not in the default one."""
    return any(meant == "namespace" for _, meant in misspelt(metadata, _USED, _UNUSED))


def seconds_of(timestamp: object) -> float:
    """Return a timestamp as POSIX seconds; infinite if it is invalid.

    It is RFC 3339: the same moment may be written with ``Z`` or an offset, so the strings cannot be
    compared. A time without an offset is UTC.
    """
    if isinstance(timestamp, str):
        try:
            timestamp = datetime.fromisoformat(timestamp)
        except ValueError:
            return math.inf
    if not isinstance(timestamp, datetime):
        return math.inf
    if timestamp.tzinfo is None:
        timestamp = timestamp.replace(tzinfo=UTC)
    try:
        return timestamp.timestamp()
    except (OverflowError, ValueError):
        return math.inf
