"""Validates objects before they are stored, with the checks of ``straightway validate``.

Errors inside an object deny it. What is wrong between objects is a warning: they may be applied in
any order, and what is missing now may be the next. A broken object that is stored already can be
changed as long as no change breaks more of it, for otherwise nobody could remove its finalizer or
mend it in two steps.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from straightway.api.kinds import CORE, DISCOVERY, split_api_version
from straightway.api.parse import Parsed, parse_known
from straightway.documents import Document, Finding, Origin, Problem
from straightway.kubernetes.revisions import is_for
from straightway.webhooks.admission import ALLOWED, Answer, Operation, Request, ReviewError
from straightway.webhooks.between import Advise, no_advice
from straightway.webhooks.wording import denial, warning_of, warning_of_finding

_AT_ONCE = 2**13
"""Bytes of objects that are parsed on the event loop: a few milliseconds of work."""
_INDEX = re.compile(r"\[\d+\]")


class _NoOrigin(Origin):
    """Objects in a review come from no file: their problems have a path alone."""

    def at(self, path: tuple[str | int, ...] = ()) -> str:
        return ""


_NO_ORIGIN = _NoOrigin()


class _Examined(NamedTuple):
    """An object, what parsing it gave, and whether it is denied."""

    body: dict[str, Any]
    parsed: Parsed
    is_denied: bool = False


class Validator:
    """Answers whether an object may be stored.

    ``revision`` is the one whose objects we serve: those of others are none of our business. None
    serves all. ``advise`` tells what is wrong between an object and what is in force.
    """

    def __init__(self, *, revision: str | None = None, advise: Advise = no_advice) -> None:
        self._revision = revision
        self._advise = advise

    async def __call__(self, request: Request) -> Answer:
        """Answer one request. Raises ReviewError if it cannot be read."""
        if request.operation not in (Operation.CREATE, Operation.UPDATE) or request.sub_resource:
            return ALLOWED
        if request.size <= _AT_ONCE:
            examined = self._examine(request)
        else:
            # Streams of xDS go on meanwhile.
            examined = await asyncio.to_thread(self._examine, request)
        if examined is None:
            return ALLOWED
        parsed = examined.parsed
        errors = [problem for problem in parsed.problems if problem.is_error]
        warnings = [problem for problem in parsed.problems if not problem.is_error]
        if examined.is_denied:
            return denial(parsed, examined.body, errors, warnings)
        texts = [warning_of(problem) for problem in (*errors, *warnings)]
        texts += map(warning_of_finding, self._between(parsed))
        return Answer(warnings=tuple(dict.fromkeys(texts)))

    def _between(self, parsed: Parsed) -> Iterable[Finding]:
        return self._advise(parsed.object) if parsed.object is not None else ()

    def _examine(self, request: Request) -> _Examined | None:
        """Parse the object, and decide; None for one that is none of our business."""
        body = request.body()
        if body is None:
            raise ReviewError(f"request.object is missing in a review of {request.operation}.")
        parsed = _parsed(body, request) if self._is_ours(body) else None
        if parsed is None:
            return None
        errors = [problem for problem in parsed.problems if problem.is_error]
        if not errors or _is_of_kubernetes(body):
            return _Examined(body, parsed)
        before = request.body_before() if request.operation is Operation.UPDATE else None
        parsed_before = _parsed(before, request) if before is not None else None
        stood = parsed_before is not None and _had_all(parsed_before, errors)
        return _Examined(body, parsed, is_denied=not stood)

    def _is_ours(self, body: Mapping[str, Any]) -> bool:
        """Whether an object is for this control plane, and stays."""
        metadata = body.get("metadata")
        if not isinstance(metadata, Mapping):
            return True
        if metadata.get("deletionTimestamp"):
            return False
        return is_for(self._revision, metadata.get("labels"))


def _parsed(body: dict[str, Any], request: Request) -> Parsed | None:
    """Return what a body holds, None for another kind."""
    metadata = body.get("metadata")
    if isinstance(metadata, dict):
        # The API server fills these in; a review may come before that.
        metadata.setdefault("namespace", request.namespace)
        if not metadata.get("name") and isinstance(prefix := metadata.get("generateName"), str):
            metadata["name"] = f"{prefix.rstrip('-.')}-new".lstrip("-")
    return parse_known(Document(body, _NO_ORIGIN))


def _is_of_kubernetes(body: Mapping[str, Any]) -> bool:
    """Whether the API server itself validates a kind: what it accepts is not ours to deny."""
    return split_api_version(str(body.get("apiVersion")))[0] in (CORE, DISCOVERY)


def _had_all(before: Parsed, errors: Iterable[Problem]) -> bool:
    """Whether an object had all these errors before, wherever in its lists."""
    had = Counter(map(_kind_of, before.problems))
    return Counter(map(_kind_of, errors)) <= had


def _kind_of(problem: Problem) -> tuple[str, str, str]:
    return problem.code, _INDEX.sub("[]", problem.path), problem.message
