"""The stable names of what can be wrong about which version of an object is in force.

``docs/problems.md`` lists each code with its remedy; a test keeps the two equal.
"""

from __future__ import annotations

from straightway.documents import ProblemCode, Severity


class IntakeCode(ProblemCode):
    """What is wrong, as scripts may rely on it. A code's severity never varies."""

    DUPLICATE_OBJECT = "duplicate-object"
    VANISHED_AT_ONCE = "vanished-at-once"
    INTERNAL_ERROR = "internal-error"

    @property
    def severity(self) -> Severity:
        """Whether an object with this problem stays out of force: all of these are errors."""
        return Severity.ERROR
