"""What is told about one object: the status that it gets, and Events."""

from __future__ import annotations

from typing import Final

from straightway.documents import Problem, Reference
from straightway.writeback.conditions import is_true
from straightway.writeback.desired import PROGRAMMED, desired
from straightway.writeback.events import Notice
from straightway.writeback.facts import Refusal
from straightway.writeback.kinds import status_kind
from straightway.writeback.knowledge import Knowledge, is_about
from straightway.writeback.recorder import Recorder
from straightway.writeback.wording import camel, said
from straightway.writeback.writer import Wanted, Writer

_REJECTED: Final = "Rejected"


class Teller:
    """Decides from what is known of an object what is written to it and recorded about it."""

    def __init__(self, knowledge: Knowledge, writer: Writer, recorder: Recorder) -> None:
        self._knowledge = knowledge
        self._writer = writer
        self._recorder = recorder
        self._api_versions: dict[Reference, str] = {}

    def clear(self) -> None:
        """Forget all objects."""
        self._api_versions.clear()

    def renew(self, reference: Reference) -> None:
        """Have the writer write what is to be said of an object."""
        standing, kind = self._knowledge.standing(reference), status_kind(reference)
        if kind is None:
            return
        if standing is None:
            self._knowledge.unsaid(reference)
            self._writer.gone(reference, self._api_versions.pop(reference, ""))
            return
        self._api_versions[reference] = standing.api_version
        if self._knowledge.is_under_way(reference, standing):
            return
        facts = self._knowledge.facts(reference, standing)
        if kind.is_endpoint and not facts.problems:
            has = self._writer.has(reference)
            if has is not None and has.is_ours:
                self._writer.want(reference, Wanted(standing.api_version, None))
            return
        status = desired(facts, counts_proxies=kind.counts_proxies)
        self._writer.want(reference, Wanted(standing.api_version, status))

    def is_programmed(self, reference: Reference) -> bool:
        """Whether the last leader has seen all proxies accept the version that is in force."""
        standing, has = self._knowledge.standing(reference), self._writer.has(reference)
        if standing is None or has is None:
            return False
        return is_true(has.conditions.get(PROGRAMMED), standing.serving)

    def found(self, problem: Problem, reference: Reference, *, counts: bool) -> None:
        """Have an Event tell a problem of an object; ``counts``: it has just appeared.

        Warnings are in the status. The kinds without a status of ours say everything in Events.
        """
        if problem.is_error or status_kind(reference) is None:
            standing = self._knowledge.standing(reference)
            if standing is not None and is_about(problem, standing):
                notice = Notice(reference, camel(str(problem.code)), said(problem))
                self._recorder.record(notice, counts=counts)

    def rejected(self, reference: Reference, refusal: Refusal) -> None:
        """Have an Event tell that a proxy rejects what an object is part of."""
        note = f"Proxy {refusal.node} rejects it: {refusal.words}"
        self._recorder.record(Notice(reference, _REJECTED, note))
