"""Misspelt fields of Kubernetes' kinds and of all metadata.

Most of their fields are not used, and those that are unknown here may be new in Kubernetes, so they
pass. But a name that no field has and that is close to a used one was meant to be that one:
without an error ``prots:`` would leave a Service without ports.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from pydantic import BeforeValidator, ValidationInfo

from straightway.api.codes import Code
from straightway.api.faults import Fault, raise_faults
from straightway.api.suggestions import nearest
from straightway.api.texts import shown


def check_spelling(
    value: Any, info: ValidationInfo, used: AbstractSet[str], unused: AbstractSet[str] = frozenset()
) -> Any:
    """Return a value in which no field is misspelt.

    ``unused`` are the fields that Kubernetes has besides the ``used`` ones.
    """
    # Objects that were validated before pass.
    if isinstance(value, Mapping) and not (used >= value.keys() or used | unused >= value.keys()):
        raise_faults(_faults(value, used, unused), info, info.field_name or "object")
    return value


def spelled(used: Iterable[str], unused: Iterable[str]) -> BeforeValidator:
    """Return :func:`check_spelling` for a field."""
    of_used, of_unused = frozenset(used), frozenset(unused)
    return BeforeValidator(
        lambda value, info: check_spelling(value, info, of_used, of_unused),
    )


def misspelt(
    value: Mapping[Any, Any], used: AbstractSet[str], unused: AbstractSet[str]
) -> Iterator[tuple[str, str]]:
    """Yield each misspelt field of a mapping, and the field that was meant."""
    for name in value:
        if isinstance(name, str) and name not in used and name not in unused:
            meant = nearest(name, sorted(used))
            if meant is not None and meant not in value:
                yield name, meant


def _faults(
    value: Mapping[Any, Any], used: AbstractSet[str], unused: AbstractSet[str]
) -> Iterator[Fault]:
    for name, meant in misspelt(value, used, unused):
        message = f"There is no field {shown(name)} here: did you mean {meant}?"
        yield Fault(Code.UNKNOWN_FIELD, message, (name,))
