"""What a kind's schema takes, found out by trying: CRDs of many versions are installed somewhere.

A field that the schema lacks is refused or dropped without a word, as the API server likes. A kind
that refuses a status gets a simpler one, down to bare conditions; each step is warned of once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import structlog

from straightway.writeback.kinds import StatusKind

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Dialect:
    """The form of a status: generations as text, with validation messages, with addresses."""

    as_text: bool
    with_messages: bool
    with_addresses: bool


class Dialects:
    """The dialect of each kind, as far as it is known."""

    def __init__(self) -> None:
        self._of: dict[StatusKind, Dialect] = {}
        self._refused: dict[StatusKind, int] = {}

    def of(self, kind: StatusKind) -> Dialect:
        """Return the dialect to write in."""
        return self._of.get(kind) or _first(kind)

    def refused(self, kind: StatusKind, dialect: Dialect, reason: str) -> bool:
        """Note that a status was refused; return whether there is another dialect to try."""
        if dialect != self.of(kind):
            return True  # Another object has found that out before.
        tried = self._refused[kind] = self._refused.get(kind, 0) + 1
        ladder = _ladder(kind)
        if tried == len(ladder):
            _log.error("status of a kind not written", kind=str(kind.resource), reason=reason)
        if tried >= len(ladder):
            return False
        self._of[kind] = ladder[tried]
        return True

    def dropped(self, kind: StatusKind, *, messages: bool = False, addresses: bool = False) -> None:
        """Note fields that the API server has dropped: the schema lacks them."""
        dialect = self.of(kind)
        messages, addresses = (
            messages and dialect.with_messages,
            addresses and dialect.with_addresses,
        )
        if not (messages or addresses):
            return  # Several objects may find that out at the same time.
        self._of[kind] = replace(
            dialect,
            with_messages=dialect.with_messages and not messages,
            with_addresses=dialect.with_addresses and not addresses,
        )
        _log.warning(
            "fields of the status left out",
            kind=str(kind.resource),
            fields=[
                name
                for name, is_dropped in (("validationMessages", messages), ("addresses", addresses))
                if is_dropped
            ],
            remedy="install the CRDs of `straightway crds`, or Istio's of 1.20 or later",
        )


def _first(kind: StatusKind) -> Dialect:
    return Dialect(kind.is_istio, with_messages=kind.is_istio, with_addresses=True)


def _ladder(kind: StatusKind) -> tuple[Dialect, ...]:
    first = _first(kind)
    return (
        first,
        replace(first, as_text=not first.as_text),
        Dialect(first.as_text, with_messages=False, with_addresses=False),
        Dialect(not first.as_text, with_messages=False, with_addresses=False),
    )
