"""Intake: bundles of documents in, accepted objects out.

Decides which version of an object is in force. A bad version never takes the place of a good one,
what a half-written file no longer shows is kept, and of two good objects with one name the one
that is in force stays; at the start, the first by the order of the files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from straightway.api import ApiObject, Parsed, generation_of, is_known, parse
from straightway.api.paths import path_text
from straightway.catalog.checks import Finding
from straightway.catalog.codes import CatalogCode
from straightway.documents import Bundle, Document, Problem, Reference

KEPT = "The last good version stays in force."
KEPT_UNREAD = "What was read here before stays in force."


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a batch of bundles changes.

    ``changes`` maps a reference to the object that is in force from now on, or None where it is
    gone. ``passed_over`` names the documents of kinds that are not read, each once.
    """

    changes: Mapping[Reference, ApiObject | None]
    passed_over: tuple[str, ...]


@dataclass(slots=True)
class _Claim:
    """One bundle's document for a reference."""

    document: Document
    parsed: Parsed


@dataclass(slots=True)
class _Contents:
    """What a bundle holds: its claims, and the problems that belong to no object."""

    claims: dict[Reference, _Claim]
    problems: tuple[Problem, ...]


class Intake:
    """Keeps the latest documents of every bundle and the objects that are in force."""

    def __init__(self) -> None:
        self._contents: dict[str, _Contents] = {}
        self._claimants: dict[Reference, set[str]] = {}
        self._in_force: dict[Reference, ApiObject] = {}
        self._owners: dict[Reference, str] = {}
        self._problems: dict[str, tuple[Problem, ...]] = {}
        self._named: set[tuple[str, str]] = set()

    def apply(self, bundles: Iterable[Bundle]) -> Accepted:
        """Take in bundles and say what that changes. The cost is proportional to the bundles."""
        touched: set[Reference] = set()
        affected: set[str] = set()
        passed_over: list[str] = []
        for bundle in bundles:
            affected.add(bundle.key)
            touched |= self._replace(bundle, passed_over)
        changes: dict[Reference, ApiObject | None] = {}
        for reference in sorted(touched):
            affected |= self._claimants[reference]
            self._decide(reference, changes)
        for key in affected:
            self._review(key)
        return Accepted(changes, tuple(passed_over))

    def problems(self) -> list[Problem]:
        """Return all problems of the documents as they stand, sorted by place."""
        return sorted(problem for problems in self._problems.values() for problem in problems)

    def problem(self, finding: Finding) -> Problem:
        """Return a finding between objects as a problem, with its place in the documents."""
        claim = self._claim(finding.subject)
        return Problem(
            origin=claim.document.origin.at(finding.path) if claim else "",
            reference=finding.subject,
            generation=generation_of(claim.document.body) if claim else None,
            path=path_text(finding.path),
            code=finding.code,
            severity=finding.code.severity,
            message=finding.message,
        )

    def origin(self, reference: Reference) -> str:
        """Return where an object is written; empty if it is not known."""
        claim = self._claim(reference)
        return claim.document.origin.at() if claim else ""

    def _claim(self, reference: Reference) -> _Claim | None:
        if reference not in self._claimants:
            return None
        return self._contents[self._owner(reference)].claims[reference]

    def _owner(self, reference: Reference) -> str:
        """Return the bundle whose version counts: the one in force, as long as it has any.

        Else the first that has a good version; while there is none, the first of all.
        """
        claimants = self._claimants[reference]
        before = self._owners.get(reference)
        if before in claimants:
            return before
        good = [
            key
            for key in claimants
            if self._contents[key].claims[reference].parsed.object is not None
        ]
        return min(good or claimants)

    def _review(self, key: str) -> None:
        self._problems.pop(key, None)
        contents = self._contents.get(key)
        if contents is None:
            return
        found = list(contents.problems)
        for reference, claim in contents.claims.items():
            found += self._claim_problems(key, reference, claim)
        if found:
            self._problems[key] = tuple(found)

    def _replace(self, bundle: Bundle, passed_over: list[str]) -> set[Reference]:
        before = self._contents.get(bundle.key)
        contents = self._read(bundle, before, passed_over)
        claimed_before = before.claims if before else {}
        if not bundle.complete:
            unread = claimed_before.keys() - contents.claims.keys()
            for reference, claim in claimed_before.items():
                contents.claims.setdefault(reference, claim)
            if unread:
                contents.problems = tuple(_kept(each, KEPT_UNREAD) for each in contents.problems)
        for reference in claimed_before.keys() - contents.claims.keys():
            self._claimants[reference].discard(bundle.key)
        for reference in contents.claims:
            self._claimants.setdefault(reference, set()).add(bundle.key)
        if contents.claims or contents.problems:
            self._contents[bundle.key] = contents
        else:
            self._contents.pop(bundle.key, None)
        return {
            reference
            for reference in claimed_before.keys() | contents.claims.keys()
            if claimed_before.get(reference) is not contents.claims.get(reference)
        }

    def _read(self, bundle: Bundle, before: _Contents | None, passed_over: list[str]) -> _Contents:
        known = {id(claim.document): claim for claim in before.claims.values()} if before else {}
        claims: dict[Reference, _Claim] = {}
        problems = list(bundle.problems)
        for document in bundle.documents:
            claim = known.get(id(document))
            if claim is None:
                if not is_known(document.body):
                    self._pass_over(bundle.key, document, passed_over)
                    continue
                claim = _Claim(document, parse(document))
            reference = claim.parsed.reference
            if reference is None:
                problems += claim.parsed.problems
            elif reference in claims:
                problems.append(_duplicate(reference, document, claims[reference].document))
            else:
                claims[reference] = claim
        return _Contents(claims, tuple(problems))

    def _pass_over(self, key: str, document: Document, passed_over: list[str]) -> None:
        name = f"{document.body.get('kind')} ({document.body.get('apiVersion')})"
        if (key, name) not in self._named:
            self._named.add((key, name))
            passed_over.append(f"{document.origin.at()}: {name}")

    def _decide(self, reference: Reference, changes: dict[Reference, ApiObject | None]) -> None:
        claimants = self._claimants[reference]
        in_force = self._in_force.get(reference)
        if not claimants:
            del self._claimants[reference]
            self._owners.pop(reference, None)
            if in_force is not None:
                del self._in_force[reference]
                changes[reference] = None
            return
        owner = self._owner(reference)
        candidate = self._contents[owner].claims[reference].parsed.object
        if candidate is None:
            return
        self._owners[reference] = owner
        if candidate != in_force:
            self._in_force[reference] = candidate
            changes[reference] = candidate

    def _claim_problems(self, key: str, reference: Reference, claim: _Claim) -> Iterable[Problem]:
        owner = self._owner(reference)
        if key != owner:
            first = self._contents[owner].claims[reference].document
            if first.body != claim.document.body:
                yield _duplicate(reference, claim.document, first)
                yield from claim.parsed.problems
            return
        kept = claim.parsed.object is None and reference in self._in_force
        for problem in claim.parsed.problems:
            yield _kept(problem, KEPT) if kept else problem


def _kept(problem: Problem, what: str) -> Problem:
    """Say what stays in force all the same; a warning has said already what happens."""
    return replace(problem, message=f"{problem.message} {what}") if problem.is_error else problem


def _duplicate(reference: Reference, second: Document, first: Document) -> Problem:
    return Problem(
        origin=second.origin.at(("metadata", "name")),
        reference=reference,
        generation=generation_of(second.body),
        path="metadata.name",
        code=CatalogCode.DUPLICATE_OBJECT,
        severity=CatalogCode.DUPLICATE_OBJECT.severity,
        message=(
            f"{reference} is already defined at {first.origin.at()}, and that one is in force. "
            "Remove one of the two, or give this one another name."
        ),
    )
