"""The stable codes of problems about which version of an object is in force.

``docs/problems.md`` lists each code with its remedy; a test keeps the two in step.
"""

from __future__ import annotations

from straightway.documents import ProblemCode, Severity


class IntakeCode(ProblemCode):
    """What is wrong; scripts may rely on the codes. A code's severity is fixed."""

    DUPLICATE_OBJECT = "duplicate-object"
    VANISHED_AT_ONCE = "vanished-at-once"
    INTERNAL_ERROR = "internal-error"

    @property
    def severity(self) -> Severity:
        """Whether an object with this problem is kept out of force: all of these are errors."""
        return Severity.ERROR
