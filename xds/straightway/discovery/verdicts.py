"""A client's answers to the responses of one type: what it has accepted and rejected."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Final

from straightway.discovery.requests import Request
from straightway.discovery.response import Plan

_RESPONSES_REMEMBERED: Final = 8


class Verdict(Enum):
    """What a request says about an earlier response."""

    NONE = "none"
    STALE = "stale"
    ACK = "ack"
    NACK = "nack"


class Verdicts:
    """The unanswered responses, and the rejected resources.

    A response is rejected as a whole, and none of it is sent again before it changes. When one of
    its resources has changed and is sent, the others are retried: after it, and separately, so that
    they cannot cause its rejection. Those are ``to_retry``.
    """

    __slots__ = ("_unanswered", "nonce", "rejected", "to_retry")

    def __init__(self) -> None:
        self.nonce = ""
        """The newest response's."""
        self.rejected: set[str] = set()
        self.to_retry: set[str] = set()
        self._unanswered: dict[str, Plan] = {}

    @property
    def unanswered(self) -> Iterable[Plan]:
        """The unanswered responses, earliest first."""
        return self._unanswered.values()

    def sent(self, plan: Plan, nonce: str) -> None:
        """Record a response."""
        self.nonce = nonce
        if self.rejected:
            self._renew(set(plan.names))
        if len(self._unanswered) == _RESPONSES_REMEMBERED:
            del self._unanswered[next(iter(self._unanswered))]
        self._unanswered[nonce] = plan

    def accept(self) -> Plan | None:
        """Record that the newest response is accepted; return it, if it was unanswered."""
        plan = self._unanswered.get(self.nonce)
        if plan is not None:
            self._unanswered.clear()
        return plan

    def judge(self, request: Request) -> tuple[Verdict, Plan | None]:
        """Return the verdict of a request, and the response that it is about, if known.

        The spec, "ACK/NACK and resource type instance version": only error_detail makes a NACK.
        Nothing is sent again for it until the content changes.
        """
        nonce = request.response_nonce
        # Before anything is sent on this stream, a nonce can only come from an earlier stream.
        is_stale = nonce != self.nonce and nonce != "" and self.nonce != ""
        plan = self._unanswered.get(nonce)
        if plan is None:
            return (Verdict.STALE if is_stale else Verdict.NONE), None
        if is_stale:
            for earlier in list(self._unanswered):
                del self._unanswered[earlier]
                if earlier == nonce:
                    break
        else:
            self._unanswered.clear()
        if request.HasField("error_detail"):
            self.rejected.update(plan.names)
            for later in self._unanswered.values():
                self._renew(set(later.names))
            return Verdict.NACK, plan
        return (Verdict.STALE if is_stale else Verdict.ACK), plan

    def is_rejected(self, name: str) -> bool:
        """Whether the last response with a resource was rejected."""
        return name in self.rejected or name in self.to_retry

    def forget(self, name: str) -> None:
        """Drop a resource that the client no longer wants."""
        self.rejected.discard(name)
        self.to_retry.discard(name)

    def _renew(self, names: set[str]) -> None:
        """Record the names of which something new has been sent."""
        if not self.rejected.isdisjoint(names):
            self.to_retry |= self.rejected - names
            self.rejected.clear()
