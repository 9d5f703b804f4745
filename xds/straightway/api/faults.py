"""How a model reports a wrong value, so that pydantic carries it to :mod:`.parse`.

Warnings are raised like errors, because only the validation itself knows the path. If there are
only warnings, the object is validated again in an :class:`Attempt` that is not ``loud``: a warning
is not raised, and the value is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import ValidationError, ValidationInfo
from pydantic_core import InitErrorDetails, PydanticCustomError

from straightway.api.codes import Code


@dataclass(slots=True)
class Attempt:
    """One validation of an object, as pydantic hands it to every validator (its ``context``).

    ``loud``: warnings are raised, too. ``instructions`` is how many RE2 instructions the object's
    regular expressions may still use; one expression takes up to 20 ms: enough for 15 of the
    largest, or some 10,000 ordinary ones.
    """

    loud: bool = True
    instructions: int = 500_000


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault in a model; ``at`` is the path from that model, in YAML names.

    A missing field is reported at that field, or at the model itself.
    """

    code: Code
    message: str
    at: tuple[str | int, ...] = ()

    def error(self) -> PydanticCustomError:
        """Return it as the error that a pydantic validator raises."""
        return PydanticCustomError(self.code.value, "{message}", {"message": self.message})


def wrong(code: Code, message: str) -> PydanticCustomError:
    """Return the error that a field's validator raises."""
    return Fault(code, message).error()


def warns(info: ValidationInfo) -> bool:
    """Whether this validation raises warnings."""
    return not isinstance(info.context, Attempt) or info.context.loud


def raise_faults(faults: Iterable[Fault], info: ValidationInfo, title: str) -> None:
    """Raise all faults of one model together, each with its path.

    Raises:
        ValidationError: if there are any (warnings count in the first validation only).

    """
    loud = warns(info)
    details = [
        InitErrorDetails(type=fault.error(), loc=fault.at, input=None)
        for fault in faults
        if loud or fault.code.severity is not fault.code.severity.WARNING
    ]
    if details:
        raise ValidationError.from_exception_data(title, details)
