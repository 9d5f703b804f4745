"""The stable codes of all problems with runtimes that are asked what they hold.

``docs/problems.md`` lists each code with its remedy; a test keeps the two in step.
"""

from __future__ import annotations

from straightway.documents import ProblemCode, Severity


class HoldingsCode(ProblemCode):
    """What is wrong with runtimes; scripts may rely on the codes. A code's severity is fixed."""

    RUNTIME_NOT_ANSWERING = "runtime-not-answering"
    RUNTIME_DENIES = "runtime-denies"
    WRONG_API = "wrong-api"
    INVALID_ANSWER = "invalid-answer"
    MODELS_LEFT_OUT = "models-left-out"

    @property
    def severity(self) -> Severity:
        """Whether an object with this problem is kept out of force: none of these."""
        return Severity.WARNING
